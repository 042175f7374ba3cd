// The AWS SDK for JavaScript in a plain loop: 500 records a PutRecords. Prints microseconds of CPU for each record.
//
// The environment says what: SINK (host:port), RECORDS (a file: a key, a blank, and the data a line), COUNT; and
// NODE_EXTRA_CA_CERTS the sink's certificate.
"use strict";

const fs = require("fs");
const { KinesisClient, PutRecordsCommand } = require("@aws-sdk/client-kinesis");
const { NodeHttpHandler } = require("@smithy/node-http-handler");

const CALL = 500;

async function main() {
    const lines = fs.readFileSync(process.env.RECORDS, "utf8").trimEnd().split("\n");
    const records = lines.map((line) => {
        const blank = line.indexOf(" ");
        return { PartitionKey: line.slice(0, blank), Data: Buffer.from(line.slice(blank + 1)) };
    });
    const count = Number(process.env.COUNT);
    const client = new KinesisClient({
        endpoint: "https://" + process.env.SINK,
        region: "us-east-1",
        requestHandler: new NodeHttpHandler(), // HTTP/1.1: the sink knows no other
        credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
    });

    const put = async (first) => {
        const wanted = [];
        for (let i = first; i < first + CALL; ++i) wanted.push(records[i % records.length]);
        const answer = await client.send(new PutRecordsCommand({ StreamName: "benchmark", Records: wanted }));
        if (answer.FailedRecordCount !== 0 || answer.Records.length !== CALL) {
            throw new Error("not everything was delivered");
        }
    };

    for (let i = 0; i < 20; ++i) await put(i * CALL);
    const start = process.cpuUsage();
    for (let first = 0; first < count; first += CALL) await put(first);
    const spent = process.cpuUsage(start);
    console.log((spent.user + spent.system) / count);
    client.destroy();
}

main();

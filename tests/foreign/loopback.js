// Preloaded into servers that would listen on every address of the machine.
const net = require("net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
    const then = rest.find((each) => typeof each === "function");
    const asked = typeof port === "object" ? port.port : port;
    return listen.call(this, { port: asked, host: "127.0.0.1" }, then);
};

#!/usr/bin/env python3
"""What no compiler sees: includes that run upward, leftovers, and g++ 12's coroutine traps."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include" / "sluice"

POLICIES = {"storage", "batching", "partitioning", "compression", "credentials", "destination", "offload",
            "dead_letters", "metrics", "transport", "clock"}
SERVICES = {"kinesis", "firehose", "dynamodb", "s3", "iam", "sts", "cloudwatch", "kms", "repository"}
VOCABULARY = {"record", "receipt", "options", "error", "policy", "log", "version", "secrets", "stats", "field_path"}
PRODUCERS = {"producer", "blocking_producer", "consumer", "session"}


def name(path):
    return path.relative_to(ROOT).as_posix()


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*[<"]sluice/([^>"]+)[>"]', line)
        if found:
            yield number, found[1]


# A concept header, and what it needs of its own room.
CONCEPTS = {f"{room}/{room}.hpp" for room in POLICIES}
CONCEPTS |= {other for concept in CONCEPTS if (INCLUDE / concept).exists() for _, other in includes(INCLUDE / concept)
             if other.split("/")[0] == concept.split("/")[0]}


def level(header):
    """Where a header stands, from the vocabulary upward; a header includes what stands no higher than itself."""
    room, _, rest = header.partition("/")
    if not rest:
        room = room.removesuffix(".hpp")
        if room in VOCABULARY:
            return 0
        if room == "world":
            return 2
        return 7 if room in PRODUCERS else 8
    if room in POLICIES:
        return 1 if header in CONCEPTS else 5
    if room == "aws":
        return 3
    if room in SERVICES:
        return 4
    return 6  # local, detail


def name_in_include(path):
    return path.relative_to(INCLUDE).as_posix()


def small_tools():
    """The headers of detail/ that stand on the vocabulary and the concepts alone: for whoever needs them."""
    def is_tool(header, seen):
        return header not in seen and all(
            level(other) <= 2 or other.startswith("detail/") and is_tool(other, {*seen, header})
            for _, other in includes(INCLUDE / header))

    headers = {name_in_include(path) for path in (INCLUDE / "detail").glob("*.hpp")}
    return {header for header in headers if is_tool(header, set())}


def arrows():
    tools = small_tools()
    for path in sorted(INCLUDE.rglob("*.hpp")):
        here = name_in_include(path)
        if here == "sluice.hpp":
            continue
        for number, there in includes(path):
            where = f"{name(path)}:{number}: includes {there}"
            room, other = here.split("/")[0], there.split("/")[0]
            if there == "sluice.hpp":
                yield f"{where}: nobody includes the umbrella"
            elif room == other or there in tools:
                continue
            elif level(there) > level(here):
                yield f"{where}: the arrow runs upward"
            elif level(here) == level(there) == 5:
                yield f"{where}: a model knows no model of another kind"


LEFTOVER = re.compile(r"TODO|FIXME|XXX|using namespace|^\s*#\s*define|<boost/asio\.hpp>|<regex>|<iostream>")


def leftovers():
    for path in sorted(INCLUDE.rglob("*.hpp")):
        lines = path.read_text().splitlines()
        if len(lines) > 500:
            yield f"{name(path)}: {len(lines)} lines; split it"
        for number, line in enumerate(lines, 1):
            if LEFTOVER.search(line):
                yield f"{name(path)}:{number}: left over: {line.strip()}"
            if len(line) > 120 and "| " not in line:
                yield f"{name(path)}:{number}: {len(line)} columns; 120 are enough"


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def code_of(text):
    """The text with comments, strings and preprocessor lines blanked out, every other character in its place."""
    text = re.sub(r'R"(\w*)\(.*?\)\1"', blank, text, flags=re.S)
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'(?!\w)|^\s*#[^\n]*', blank, text,
                  flags=re.S | re.M)


OPEN, CLOSE = "([{", ")]}"
NUMBER = re.compile(r"\b(size_t|u?int\d+_t|int|unsigned|bool)\{[^{}]*\}")


def statement(code, at):
    """The full expression around a position: from the statement's begin to its end."""
    depth, begin = 0, at
    while begin > 0:
        c = code[begin - 1]
        if depth == 0 and c == ";":
            break
        if c in CLOSE:
            # A brace that ends a block ends the statement before; one within an expression is followed by , ) ; . or (
            if depth == 0 and c == "}" and code[begin:].lstrip()[:1] not in (",", ")", ";", ".", "(", "]"):
                break
            depth += 1
        elif c in OPEN:
            if depth == 0 and c == "{" and re.search(r"([){};]|\b(else|do|try|const|noexcept|mutable|override)|->[^;{}()]*|^)\s*$",
                                                    code[:begin - 1]):
                break
            if depth == 0 and c == "(" and re.search(r"\b(if|while|for|switch|constexpr)\s*$", code[:begin - 1]):
                break
            depth = max(0, depth - 1)
        begin -= 1
    depth, end = 0, begin
    while end < len(code):
        c = code[end]
        if c in OPEN:
            depth += 1
        elif c in CLOSE:
            depth -= 1
        if depth < 0 or depth == 0 and c == ";":
            break
        end += 1
    return begin, end


def traps(where, text, strict=True):
    """g++ 12 destroys lambdas and aggregates twice inside a full expression with co_await, at every level of
    optimization; g++ 15 may forget to destroy a structured binding of one. Not strict: braces may make a value, as
    what users write makes records, which are no aggregates."""
    code = code_of(text)
    seen = set()
    for found in re.finditer(r"\bco_await\b", code):
        begin, end = statement(code, found.start())
        if begin in seen:
            continue
        seen.add(begin)
        whole = NUMBER.sub("", code[begin:end])
        line = f"{where}:{code.count(chr(10), 0, found.start()) + 1}"
        if "{" in whole and (strict or re.search(r"[\]>)]\s*(mutable\s*)?\{", whole)):
            yield f"{line}: braces or a lambda beside co_await; name the value first, then move it"
        if re.match(r"\s*(const\s+)?auto&{0,2}\s*\[", whole):
            yield f"{line}: a structured binding of co_await; name the result first, then bind to it"


TRAPS = ("auto a = co_await g(Foo{.a = 1});", "co_await h([p] { return 1; });", "co_await q({a, b});", "Foo foo{co_await n()};",
         "auto p = make(co_await this_coro::executor, KeyFrom{[p](auto&) {}});", "auto r = co_await (a() && b(agg{1}));",
         "auto [x, y] = co_await z();")
SAFE = ("if (x) { co_await fine(); }", "while (co_await more()) { done(); }", "co_await ok(std::size_t{1});",
        "const auto l = [&]() -> awaitable<void> { co_await ok(); };", "Foo foo{1}; co_await ok(foo);",
        "switch (co_await n()) { case 1: break; }")


def coroutines():
    for sample in TRAPS:
        if not list(traps("", f"void f() {{ g(); {sample} }}")):
            yield f"tests/lint.py: does not see the trap in: {sample}"
    for sample in SAFE:
        if list(traps("", f"void f() {{ g(); {sample} }}")):
            yield f"tests/lint.py: sees a trap in: {sample}"
    for room in ("include", "examples", "benchmarks"):
        for path in sorted((ROOT / room).rglob("*.?pp")):
            yield from traps(name(path), path.read_text(), strict=room == "include")
    readme = ROOT / "README.md"
    if readme.exists():
        blanked = re.sub(r"(?ms)^```(?!cpp).*?^```|\A.*?(?=^```cpp)|^```\n.*?(?=^```cpp|\Z)", blank, readme.read_text())
        yield from traps("README.md", blanked, strict=False)


# Not in the umbrella: whoever includes these uses them.
ALWAYS_EMITTED = {"storage/sqlite.hpp", "storage/conformance.hpp"}
AWAITABLE = re.compile(r"( *)(?:\[\[nodiscard\]\] |static |inline )*(?:boost::)?asio::awaitable<.*> \w+\(")


def emitted():
    """g++ makes code of every coroutine that it reads, wanted or not, unless it is a template: `template <class...>`,
    if it has nothing else to be one for. Of a non-template class, what only passes a coroutine on counts too."""
    for path in sorted(INCLUDE.rglob("*.hpp")):
        if name_in_include(path) in ALWAYS_EMITTED:
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            found = AWAITABLE.match(line)
            if not found or re.search(r"override|= 0;", " ".join(lines[number:number + 3])):
                continue
            depth, above = len(found[1]) + 1, number
            while above > 0 and depth > 0:
                text = lines[above]
                indent = len(text) - len(text.lstrip())
                if text and indent < depth and not re.match(r" *(}|#|public:|private:|protected:|:)", text):
                    depth = indent
                    before = next((l for l in reversed(lines[:above]) if not l.lstrip().startswith("requires")), "")
                    if before.lstrip().startswith("template <") or before.startswith("          class"):
                        break
                above -= 1
            else:
                yield f"{name(path)}:{number + 1}: a coroutine that is no template is made code of in every file"


def one_definition():
    """All tests are one program: what two of them name alike must be in an unnamed namespace."""
    apart = ("rejects", "packaging", "odr", "fuzz", "conform", "simulate", "foreign")
    for path in sorted((ROOT / "tests").rglob("*.cpp")):
        if path.relative_to(ROOT / "tests").parts[0] in apart:
            continue
        inside = False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("namespace {"):
                inside = True
            elif line.startswith("} // namespace"):
                inside = False
            elif not inside and re.match(r"(class|struct|enum)\b[^;]*$|(inline|constexpr|void|auto|bool|int|std::|sluice::|"
                                         r"boost::)[^;]*\) (const )?\{$", line):
                yield f"{name(path)}:{number}: stands outside an unnamed namespace"


faults = [*arrows(), *leftovers(), *coroutines(), *emitted(), *one_definition()]
for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)

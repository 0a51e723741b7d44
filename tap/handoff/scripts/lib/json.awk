# Flattens JSON: for each text, number, true, false or null a line "PATH<tab>VALUE", PATH being keys and places, as in
# Layouts/tiers/0/Template. A text stays escaped as it is in the file. What is no JSON ends with 1 and says where.

{ rest = rest $0 "\n"; lines++ }

END {
    if (rest == "") fail("it is empty")
    value("")
    skip()
    if (rest != "") fail("there is something after its end")
}

function fail(why) {
    print why ", in line " (lines - gsub(/\n/, "\n", rest) + 1) > "/dev/stderr"
    exit 1
}

function skip() { sub(/^[ \t\r\n]+/, "", rest) }

function next_is(mark) {
    skip()
    if (substr(rest, 1, 1) != mark) return 0
    rest = substr(rest, 2)
    return 1
}

function text(   found) {
    skip()
    if (!match(rest, /^"([^"\\\n]|\\.)*"/)) fail("a text in double quotes is missing")
    found = substr(rest, 2, RLENGTH - 2)
    rest = substr(rest, RLENGTH + 1)
    return found
}

function below(path, key) { return path == "" ? key : path "/" key }

function value(path,   key, place) {
    if (next_is("{")) {
        if (next_is("}")) return
        do {
            key = text()
            if (!next_is(":")) fail("a colon is missing")
            value(below(path, key))
        } while (next_is(","))
        if (!next_is("}")) fail("a comma or } is missing")
    } else if (next_is("[")) {
        if (next_is("]")) return
        place = 0
        do value(below(path, place++)); while (next_is(","))
        if (!next_is("]")) fail("a comma or ] is missing")
    } else if (substr(rest, 1, 1) == "\"") {
        print path "\t" text()
    } else if (match(rest, /^(true|false|null|-?[0-9][-+.0-9eE]*)/)) {
        print path "\t" substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
    } else {
        fail("a value is missing")
    }
}

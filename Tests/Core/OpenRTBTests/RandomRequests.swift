// Requests made at random from the schema: all of them acceptable, with unknown fields, nulls, escapes, white
// space and repeated keys in them.
import Units

struct RandomRequests {
    private var randomness: Randomness

    init(seed: UInt64) { randomness = Randomness(seed: seed) }

    private mutating func pick(_ bound: Int) -> Int { randomness.next(in: 0...bound - 1) }
    private mutating func chance(_ percent: Int) -> Bool { pick(100) < percent }
    private mutating func space() -> String { chance(90) ? "" : ["  ", "\n", "\t "][pick(3)] }

    mutating func request() -> String {
        let imps = (0...pick(5)).map { imp($0) }
        var fields = known("Request", but: ["id"]).filter { !$0.hasPrefix(#""imp""#) }
        fields += [#""id":\#(text(atLeast: 1))"#, #""imp":[\#(imps.joined(separator: ","))]"#]
        if chance(80) { fields.append(#""\#(["site", "app", "dooh"][pick(3)])":\#(object("Inventory"))"#) }
        return braces(fields)
    }

    private mutating func imp(_ index: Int) -> String {
        var fields = known(
            "Imp", but: ["id", "video", "audio", "banner", "native", "private_auction", "deals"])
        fields.append(#""id":"i\#(index)""#)
        let media = 1 + pick(15)
        if media & 1 > 0 { fields.append(#""video":\#(audioVideo(pod: "v"))"#) }
        if media & 2 > 0 { fields.append(#""audio":\#(audioVideo(pod: "a"))"#) }
        if media & 4 > 0 { fields.append(#""banner":\#(object("Banner"))"#) }
        if media & 8 > 0 { fields.append(#""native":\#(raw())"#) }
        if chance(50) {
            let deals = (0..<pick(4)).map { _ in object("Deal", but: ["id"], and: [#""id":"d""#]) }
            fields.append(
                #""pmp":{"private_auction":\#(pick(2)),"deals":[\#(deals.joined(separator: ","))]}"#)
        }
        return braces(fields)
    }

    /// Durations that agree, and pods with one first slot at most.
    private mutating func audioVideo(pod: String) -> String {
        var fields = known(
            "AudioVideo",
            but: [
                "mimes", "minduration", "maxduration", "rqddurs", "poddur", "maxseq", "podid", "podseq",
                "slotinpod", "minbitrate", "maxbitrate",
            ])
        fields.append(#""mimes":["\#(pod)/mp4"]"#)
        if chance(50) {
            fields.append(#""rqddurs":[\#(1 + pick(60)),\#(1 + pick(60))]"#)
        } else if chance(80) {
            let least = pick(60)
            fields += [#""minduration":\#(least)"#, #""maxduration":\#(least + pick(60))"#]
        }
        let dynamic = chance(30)
        if dynamic { fields += [#""poddur":\#(60 + pick(60))"#, #""maxseq":\#(1 + pick(9))"#] }
        if chance(70) { fields.append(#""podid":"\#(pod)\#(pick(2))""#) }
        if chance(50) { fields.append(#""slotinpod":\#(dynamic ? 1 : 0)"#) }
        fields += [#""minbitrate":\#(pick(100))"#, #""maxbitrate":\#(100 + pick(900))"#]
        return braces(fields)
    }

    /// What is held to a list, or to a form.
    private mutating func listed(_ key: String) -> String? {
        switch key {
        case "at": ["1", "2", "500", "999"][pick(4)]
        case "linearity": "\(1 + pick(2))"
        case "plcmt": "\(1 + pick(9))"
        case "livestream": "\(pick(2))"
        case "delivery": "[\(1 + pick(3)),\(1 + pick(3))]"
        case "poddedupe": "[\(1 + pick(5))]"
        case "ip": ["\"192.0.2.\(pick(256))\"", "\"\""][pick(2)]
        case "ipv6": ["\"2001:db8::\(pick(9_999))\"", "\"2001:db8:1:2:3:4:5:6\""][pick(2)]
        default: nil
        }
    }

    private mutating func object(_ name: String, but left: Set<String> = [], and more: [String] = [])
        -> String
    {
        braces(known(name, but: left) + more)
    }

    /// Some of the object's fields.
    private mutating func known(_ name: String, but left: Set<String>) -> [String] {
        var fields: [String] = []
        for (key, type) in RequestSchema.objects[name] ?? [] where !left.contains(key) && chance(60) {
            let value = chance(3) ? "null" : key == "ext" ? ext(of: name) : listed(key) ?? value(type)
            let written = chance(3) ? "\\u00" + hex(key.utf8.first ?? 0) + key.dropFirst() : key
            fields.append(#""\#(written)"\#(space()):\#(space())\#(value)"#)
        }
        // Said once more: the last word holds.
        if name == "Geo", chance(10) { fields += [#""metro":"m1""#, #""metro":"m2""#] }
        if name == "DurationFloor" { fields.append(#""maxdur":1000"#) }
        return fields
    }

    private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    /// With what stood there before 2.6.
    private mutating func ext(of name: String) -> String {
        switch name {
        case "Regs":
            "{" + [#""gdpr":\#(pick(2)),"us_privacy":"1YN-""#, #""gpp":"DB","gpp_sid":[7]"#][pick(2)] + "}"
        case "User": #"{"consent":"old","eids":[{"source":"s","uids":[{"id":"1"}]}]}"#
        case "Source": #"{"schain":{"complete":\#(pick(2)),"nodes":[{"asi":"a","sid":"b"}]}}"#
        default: raw()
        }
    }

    /// As Python writes it again.
    private mutating func raw() -> String {
        ["{}", #"{"a":[1,{"b":null}],"c":"é\\n"}"#, #"{"request":"{\"x\":1}"}"#][pick(3)]
    }

    private mutating func braces(_ fields: [String]) -> String {
        var fields = fields
        if chance(40) { fields.insert(#""unknown":[{"id":7},"x",[[]]]"#, at: pick(fields.count + 1)) }
        return "{\(space())" + fields.joined(separator: "\(space()),\(space())") + "}"
    }

    private mutating func list(_ element: (inout Self) -> String) -> String {
        "[" + (0..<pick(4)).map { _ in element(&self) }.joined(separator: ",\(space())") + "]"
    }

    private mutating func value(_ type: String) -> String {
        if RequestSchema.objects[type] != nil { return object(type) }
        return switch type.prefix(1) {
        case "t": text()
        case "T": list { $0.text() }
        case "n": "\(pick(700))"
        case "N": list { "\($0.pick(700))" }
        case "f", "b", "B": "\(pick(2))"
        case "p": price()
        case "c": #""EUR""#
        case "C": list { [#""USD""#, #""JPY""#][$0.pick(2)] }
        case "d": (chance(50) ? "-" : "") + "\(pick(90)).\(pick(1_000_000_000))\(pick(1_000_000_000))"
        case "u": "\(pick(9)).\(pick(1000))"
        case "r": raw()
        case "?": object(String(type.dropFirst()))
        case "*": list { $0.object(String(type.dropFirst())) }
        default: preconditionFailure("the schema has no type \(type)")
        }
    }

    private mutating func price() -> String {
        [
            "\(pick(100))", "\(pick(100)).\(pick(1_000_000))", "\(pick(9)).\(pick(1_000_000_000))",
            "\(pick(9))e2",
        ][pick(4)]
    }

    private mutating func text(atLeast least: Int = 0) -> String {
        let pieces = [
            "a", "Z9", "é", "漢字", "😀", #"\""#, #"\\"#, #"\/"#, #"\n"#, #"\u00e9"#, #"\uD83D\uDE00"#, "{},:[]",
        ]
        return "\""
            + (0..<least + pick(5)).map { _ in pieces[chance(70) ? pick(2) : pick(pieces.count)] }.joined()
            + "\""
    }
}

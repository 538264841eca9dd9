// Reads a banner's markup as a page would: a few elements that are opened and closed in order, attributes in quotes, and
// in them nothing that could end the quotes.

enum BannerLook {
    /// What is wrong with the markup, or nil.
    static func violation(_ bytes: [UInt8]) -> String? {
        var open: [String] = []
        var at = 0
        func word() -> String {
            let start = at
            while at < bytes.count, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[at]) { at += 1 }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }
        func take(_ byte: Character) -> Bool {
            guard at < bytes.count, bytes[at] == byte.asciiValue else { return false }
            at += 1
            return true
        }
        while at < bytes.count {
            guard take("<") else { return "text between elements of a banner" }
            if take("/") {
                guard open.popLast() == word(), take(">") else { return "an end of nothing in a banner" }
                continue
            }
            let name = word()
            guard ["a", "img", "iframe"].contains(name) else { return "<\(name)> in a banner" }
            var attributes: [String: String] = [:]
            while take(" ") {
                let attribute = word()
                guard !attribute.isEmpty, attributes[attribute] == nil, take("="), take("\"") else {
                    return "an attribute \(attribute) of <\(name)>"
                }
                let start = at
                while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
                    guard bytes[at] != UInt8(ascii: "<") else { return "a < in \(attribute) of <\(name)>" }
                    at += 1
                }
                attributes[attribute] = String(decoding: bytes[start..<at], as: UTF8.self)
                guard take("\"") else { return "\(attribute) of <\(name)> has no end" }
            }
            guard take(">") else { return "<\(name)> has no end" }
            let address = attributes[name == "a" ? "href" : "src"] ?? ""
            guard address.hasPrefix("http") else { return "<\(name)> leads to \(address)" }
            if name != "img" { open.append(name) }
        }
        return open.isEmpty && !bytes.isEmpty ? nil : "a banner that does not end"
    }
}

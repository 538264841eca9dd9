// The kinds of value that only the file of service levels has: names of alerts, queries, windows.
import Documents

extension Kind where Value == String {
    /// Becomes a file's name, so it is held to what every file system takes.
    static var alertName: Kind {
        .text(
            TextForm(
                name: "3 to 60 letters and digits, the first a capital, as in NodeDown",
                pattern: "^[A-Z][A-Za-z0-9]{2,59}$"),
            read: { text in
                (3...60).contains(text.utf8.count) && isUpper(text.utf8.first)
                    && text.utf8.allSatisfy { isLower($0) || isUpper($0) || isDigit($0) } ? text : nil
            }, show: { $0 })
    }

    /// Becomes a part of a recorded series' name.
    static var ruleWord: Kind {
        .text(
            TextForm(name: "1 to 30 of a-z and _, beginning with a letter", pattern: "^[a-z][a-z_]{0,29}$"),
            read: { text in
                (1...30).contains(text.utf8.count) && isLower(text.utf8.first)
                    && text.utf8.allSatisfy { isLower($0) || $0 == UInt8(ascii: "_") } ? text : nil
            }, show: { $0 })
    }

    /// One line of PromQL that names something; whether it is one, promtool says.
    static var query: Kind {
        .text(
            TextForm(
                name: "a query of at most 1000 bytes on one line that names a metric", pattern: "^.{1,1000}$"),
            read: { text in
                let isLine =
                    (1...1_000).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= UInt8(ascii: " ") }
                return isLine && !PromQuery(text).selectors.isEmpty ? text : nil
            }, show: { $0 })
    }

    static var sentence: Kind {
        .text(
            TextForm(name: "1 to 300 bytes on one line", pattern: "^.{1,300}$"),
            read: { text in
                (1...300).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= UInt8(ascii: " ") }
                    ? text : nil
            }, show: { $0 })
    }

    /// The beginning of an address, to which a name is added.
    static var address: Kind {
        .text(
            TextForm(
                name: "https:// or http:// and what follows, ending with /", pattern: "^https?://[^ ]+/$"),
            read: { text in
                (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.hasSuffix("/")
                    && text.utf8.count <= 300 && text.utf8.allSatisfy { $0 > UInt8(ascii: " ") } ? text : nil
            }, show: { $0 })
    }
}

extension Kind where Value == PromDuration {
    static var duration: Kind {
        .text(
            TextForm(name: "a number and ms, s, m, h, d or w, as in 5m", pattern: "^[0-9]+(ms|s|m|h|d|w)$"),
            read: { PromDuration($0) }, show: { $0.description })
    }
}

private func isLower(_ byte: UInt8?) -> Bool {
    byte.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) } ?? false
}
private func isUpper(_ byte: UInt8?) -> Bool {
    byte.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
}
private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

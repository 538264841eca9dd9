// The kinds of value that a catalog's files are made of: identifiers, money, times, currencies, addresses.
package import Documents
import Units

extension Kind where Value == String {
    /// What other files and requests call a thing. It stands in journals, URLs and commands unquoted.
    package static var identifier: Kind {
        .text(
            TextForm(
                name: "1 to 128 letters, digits and -_.:/ without spaces",
                pattern: "^[A-Za-z0-9_.:/-]{1,128}$"),
            read: { text in
                (1...128).contains(text.utf8.count) && text.utf8.allSatisfy(isIdentifierByte) ? text : nil
            }, show: { $0 })
    }

    /// Words for people, or a value that requests carry. Schemas of features are made of the same.
    package static var words: Kind {
        // Longer than any name that a report shows or an exchange sends.
        let longest = 256
        return .text(
            TextForm(
                name: "1 to 256 bytes of text without control characters",
                pattern: "^[^\\u0000-\\u001f\\u007f]+$"),
            read: { text in
                (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
                    ? text : nil
            }, show: { $0 })
    }

    /// What a script of others is told: JSON, a query, or whatever it reads.
    static var parameters: Kind {
        let longest = 4_096
        return .text(
            TextForm(
                name: "1 to 4096 bytes of text without control characters",
                pattern: "^[^\\u0000-\\u001f\\u007f]+$"),
            read: { text in
                (1...longest).contains(text.utf8.count) && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
                    ? text : nil
            }, show: { $0 })
    }

    /// The host of an advertiser or a publisher, in lower case, as exchanges compare it.
    static var domain: Kind {
        .text(
            TextForm(name: "a domain in lower case, as in example.com", pattern: "^[a-z0-9.-]{1,253}$"),
            read: { text in
                (1...253).contains(text.utf8.count)
                    && text.utf8.allSatisfy { byte in
                        isLower(byte) || isDigit(byte) || byte == UInt8(ascii: ".")
                            || byte == UInt8(ascii: "-")
                    } ? text : nil
            }, show: { $0 })
    }

    /// Where a player fetches or reports something. Macros in brackets are left as they are.
    static var address: Kind {
        // What browsers, players and exchanges all take.
        let longest = 2_048
        return .text(
            TextForm(
                name: "an address with https:// or http://, at most 2048 bytes, without spaces",
                pattern: "^https?://[!-~]+$"),
            read: { text in
                (text.hasPrefix("https://") || text.hasPrefix("http://")) && text.utf8.count <= longest
                    && text.utf8.count > 8 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
                    ? text : nil
            }, show: { $0 })
    }
}

extension Kind where Value == CurrencyCode {
    static var currency: Kind {
        .text(
            TextForm(name: "a currency of three capital letters, as in USD", pattern: "^[A-Z]{3}$"),
            read: { CurrencyCode($0) }, show: { $0.description })
    }
}

extension Kind where Value == Micros {
    /// Money of the currency that stands beside it.
    static func money(_ range: ClosedRange<Micros> = .zero...Micros.mostMoney) -> Kind {
        .decimal(range, unit: "money")
    }
}

extension Micros {
    /// A billion units: beyond every budget, and far enough from the end of 64 bits that a sum of thousands
    /// of them fits.
    static let mostMoney = Micros(1_000_000_000 * perUnit)
}

extension Kind where Value == Instant {
    /// A point in time, written with its offset from UTC.
    static var timestamp: Kind {
        .text(
            TextForm(
                name: "a time as in 2026-11-20T18:00:00Z or 2026-11-20T18:00:00-05:00, from 1970 to 2200",
                pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"),
            read: { Timestamp.read($0) }, show: { Timestamp.text($0) })
    }
}

func isLower(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

private func isIdentifierByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "/"): true
    default: isDigit(byte) || isLower(byte | 0x20)
    }
}

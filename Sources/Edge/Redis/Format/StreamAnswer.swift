// The entries in an answer to XREAD of one stream: version 2 sends lists of pairs, version 3 a map.

public struct StreamAnswer {
    public struct Entry: Equatable, Sendable {
        public let place: StreamPlace
        /// Where the bytes lie that our field holds.
        public internal(set) var content: Range<Int>?
    }

    /// The field of an entry that holds its bytes: a later version of them is another field.
    static let field = "1"

    public private(set) var all: [Entry] = []

    /// Nil where the answer has another shape.
    public init?(_ reply: RESPReader, _ bytes: [UInt8]) {
        let values = reply.values
        var at = reply.root
        // One stream: its name and its entries.
        switch (values[at].kind, values[at].count) {
        case (.map, 2): at += 1
        case (.list, 1):
            at += 1
            guard at < values.count, values[at].kind == .list, values[at].count == 2 else { return nil }
            at += 1
        default: return nil
        }
        guard at + 1 < values.count, values[at].kind == .text, values[at + 1].kind == .list else {
            return nil
        }
        let count = values[at + 1].count
        at += 2
        for _ in 0..<count {
            guard let entry = Self.entry(values, &at, bytes) else { return nil }
            all.append(entry)
        }
        guard at == values.count else { return nil }
    }

    private static func entry(_ values: [RESPValue], _ at: inout Int, _ bytes: [UInt8]) -> Entry? {
        guard at < values.count, values[at].kind == .list, values[at].count == 2,
            at + 2 < values.count, values[at + 1].kind == .text,
            let place = StreamPlace(bytes[values[at + 1].bytes])
        else { return nil }
        var entry = Entry(place: place)
        let fields = values[at + 2]
        at += 3
        // An entry that was deleted has none.
        if fields.kind == .null { return entry }
        guard fields.kind == .list || fields.kind == .map, fields.count % 2 == 0,
            at + fields.count <= values.count
        else { return nil }
        for field in stride(from: at, to: at + fields.count, by: 2) {
            guard values[field].kind == .text, values[field + 1].kind == .text else { return nil }
            if bytes[values[field].bytes].elementsEqual(Self.field.utf8) {
                entry.content = values[field + 1].bytes
            }
        }
        at += fields.count
        return entry
    }
}

// Log entries for journald, in its native protocol: one datagram of named fields each.
import Units

struct JournalEntry {
    let identifier: String

    /// Well under the 208 KB that a Unix datagram may have by default. Longer entries would have to pass a
    /// sealed memory file, and no line of ours is worth that.
    static let bytesMost = 16_384

    func render(_ record: LogRecord) -> [UInt8]? {
        record.fitting(Self.bytesMost) { fields, limit in
            var entry: [UInt8] = []
            entry.reserveCapacity(512)
            var message: [UInt8] = []
            ReadableLine.append(record, fields, limit, to: &message)
            Self.append("MESSAGE", message, to: &entry)
            Self.append("PRIORITY", Array("\(record.level.syslogPriority)".utf8), to: &entry)
            Self.append("SYSLOG_IDENTIFIER", Array(identifier.utf8), to: &entry)
            Self.append("CODE_FILE", Array("\(record.file)".utf8), to: &entry)
            Self.append("CODE_LINE", Array("\(record.line)".utf8), to: &entry)
            if record.suppressed > 0 {
                Self.append("SUPPRESSED", Array("\(record.suppressed)".utf8), to: &entry)
            }
            for (key, value) in fields {
                Self.append(Self.fieldName(key), Self.content(value, limit), to: &entry)
            }
            return entry
        }
    }

    private static func content(_ value: LogValue, _ limit: Int) -> [UInt8] {
        var content: [UInt8] = []
        switch value {
        case .duration(let length): content.append(text: "\(Double(length.nanoseconds) / 1e9)")
        // Line feeds are kept: the protocol frames them, and journalctl shows them as continued lines.
        default: content.append(visible: value.text, limit: limit, lineFeeds: true)
        }
        return content
    }

    /// `NAME=value`, or where the value has line feeds `NAME`, its length as 64 little-endian bits, and the
    /// value.
    private static func append(_ name: String, _ value: [UInt8], to entry: inout [UInt8]) {
        entry.append(text: name)
        if value.contains(UInt8(ascii: "\n")) {
            entry.append(UInt8(ascii: "\n"))
            withUnsafeBytes(of: UInt64(value.count).littleEndian) { entry.append(contentsOf: $0) }
        } else {
            entry.append(UInt8(ascii: "="))
        }
        entry.append(contentsOf: value)
        entry.append(UInt8(ascii: "\n"))
    }

    /// A key as journald allows it: capitals, digits and underscores, a letter first, 64 bytes. What has a
    /// meaning to journald itself is told apart by a prefix.
    static func fieldName(_ key: StaticString) -> String {
        var name = "\(key)".utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
            default: UInt8(ascii: "_")
            }
        }
        let text = String(decoding: name, as: UTF8.self)
        let isLetter = name.first.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ?? false
        let reserved = [
            "MESSAGE", "PRIORITY", "CODE_", "ERRNO", "SYSLOG_", "SUPPRESSED", "DOCUMENTATION", "TID",
        ]
        if !isLetter || reserved.contains(where: text.hasPrefix) { name = Array("FIELD_".utf8) + name }
        return String(decoding: name.prefix(64), as: UTF8.self)
    }
}

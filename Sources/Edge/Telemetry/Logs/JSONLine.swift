// Log lines for machines: one JSON object a line. Fields lie in an object of their own, so that no key of
// theirs can pass for one of ours.
import JSON
import Units

enum JSONLine {
    /// As for readable lines: what a pipe takes as one piece.
    static let bytesMost = ReadableLine.bytesMost

    static func render(_ record: LogRecord) -> [UInt8]? {
        record.fitting(bytesMost) { fields, limit in
            var line = [UInt8](repeating: 0, count: bytesMost)
            var span = line.mutableSpan
            // Too small a buffer is no failure here: `fitting` tries again with less.
            guard let length = try? write(record, fields, limit, into: span.mutableBytes), length < bytesMost
            else {
                return nil
            }
            line[length] = UInt8(ascii: "\n")
            line.removeLast(bytesMost - length - 1)
            return line
        }
    }

    private static func write(
        _ record: LogRecord, _ fields: LogFields, _ limit: Int, into buffer: consuming MutableRawSpan
    ) throws(JSONError) -> Int {
        var json = JSONWriter(buffer)
        json.beginObject()
        json.field("time", timestamp(record.wallTime))
        json.field("level", record.level.name)
        json.field("message", record.message)
        json.field("source", "\(record.file):\(record.line)")
        if record.suppressed > 0 { json.field("suppressed", record.suppressed) }
        if fields.isEmpty && !record.fields.isEmpty { json.field("cut", true) }
        if !fields.isEmpty {
            json.key("fields")
            json.beginObject()
            for (key, value) in fields {
                json.key(key)
                switch value {
                case .integer(let number): json.value(number)
                case .duration(let length): json.value(Double(length.nanoseconds) / 1e9)
                case .string, .error: json.value(cut(value.text, to: limit))
                }
            }
            json.endObject()
        }
        json.endObject()
        return try json.finish()
    }

    /// The longest beginning that has no half characters.
    private static func cut(_ text: String, to limit: Int) -> String {
        if text.utf8.count <= limit { return text }
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: limit)
        while end > text.utf8.startIndex, end.samePosition(in: text.unicodeScalars) == nil {
            end = text.utf8.index(before: end)
        }
        return text[..<end] + "…"
    }
}

// The face of the reader and the writer, as a caller uses it.
import JSON
import Testing
import Units

@Suite struct ReadingAndWriting {
    @Test func walksFields() throws {
        let text =
            #"{"id":"a\u00e9b","imp":[{"n":1,"floor":0.25},{"n":2,"floor":1e3}],"tm\u0061x":120,"x":null,"d":-1.5e-3}"#
        var scratch = JSONScratch(maximumBytes: 1000)
        let bytes = Array(text.utf8)
        let document = try JSONDocument(bytes.span.raw, scratch: &scratch)
        try document.refuseDuplicateKeys()
        var fields = try document.root.object()
        var seen: [String] = []
        while let field = fields.next() {
            switch field.key {
            case "id": seen.append(try field.value.string().copy())
            case "imp":
                var imps = try field.value.array()
                while let imp = imps.next() {
                    var fields = try imp.object()
                    while let field = fields.next() {
                        switch field.key {
                        case "n": seen.append(String(try field.value.int64()))
                        case "floor": seen.append(try field.value.micros().description)
                        default: break
                        }
                    }
                }
            case "tmax": seen.append(String(try field.value.int(in: 1...1000)))
            case "d": seen.append(String(try field.value.double()))
            default: seen.append("?")
            }
        }
        #expect(seen == ["aéb", "1", "0.25", "2", "1000", "120", "?", "-0.0015"])
    }

    @Test func writes() throws {
        var buffer = [UInt8](repeating: 0, count: 1000)
        var span = buffer.mutableSpan
        var writer = JSONWriter(span.mutableRaw)
        writer.beginObject()
        writer.field("id", "a\"b\u{1}é")
        writer.field("price", Micros(-1_250_001))
        writer.key("list")
        writer.beginArray()
        writer.value(1.5)
        writer.value(UInt64.max)
        writer.null()
        writer.endArray()
        writer.endObject()
        let count = try writer.finish()
        #expect(
            String(decoding: buffer[..<count], as: UTF8.self)
                == #"{"id":"a\"b\u0001é","price":-1.250001,"list":[1.5,18446744073709551615,null]}"#)
    }
}

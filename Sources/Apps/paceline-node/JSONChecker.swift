// `POST /v1/json/check`: what `paceline json check` says, for those who integrate with a node and have only a
// URL: whether the node would read what they send, and where not.
import HTTP
import JSON

/// One per shard: the scratch is used again for every request.
final class JSONChecker {
    private var scratch: JSONScratch

    init(limitBytes: Int) { scratch = JSONScratch(maximumBytes: limitBytes) }

    private static func check(_ bytes: RawSpan, _ scratch: inout JSONScratch) throws(JSONError) {
        try JSONDocument(bytes, scratch: &scratch).refuseDuplicateKeys()
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        response.contentType = "application/json"
        do {
            try JSONChecker.check(request.body, &scratch)
            response.write("{\"valid\":true}\n")
        } catch {
            let location = error.location(in: request.body)
            response.status = .badRequest
            response.writeLine(upTo: 1024) { room throws(JSONError) in
                var json = JSONWriter(room.mutableBytes)
                json.beginObject()
                json.field("valid", false)
                json.field("reason", error.reason.description)
                json.field("line", location.line)
                json.field("column", location.column)
                json.field("offset", error.offset)
                json.endObject()
                return try json.finish()
            }
        }
    }
}

extension Response {
    /// Writes a JSON value and a line's end. Whoever knows the fields writes the value, says how many bytes it
    /// took, and knows how much room is enough.
    mutating func writeLine(
        upTo bytes: Int, _ body: (UnsafeMutableRawBufferPointer) throws(JSONError) -> Int
    ) {
        write(upTo: bytes) { room in
            do {
                // One byte is left for the line's end.
                let count = try body(UnsafeMutableRawBufferPointer(rebasing: room.dropLast()))
                room[count] = UInt8(ascii: "\n")
                return count + 1
            } catch {
                preconditionFailure("an answer of this node's own does not fit its room: \(error)")
            }
        }
    }
}

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
            response.writeJSON(upTo: 1024) { json in
                json.beginObject()
                json.field("valid", false)
                json.field("reason", error.reason.description)
                json.field("line", location.line)
                json.field("column", location.column)
                json.field("offset", error.offset)
                json.endObject()
            }
        }
    }
}

extension Response {
    /// Writes a JSON value and a line's end. The room is chosen by whoever knows the fields.
    mutating func writeJSON(upTo bytes: Int, _ body: (inout JSONWriter) -> Void) {
        write(upTo: bytes) { room in
            // One byte is left for the line's end.
            let inner = UnsafeMutableRawBufferPointer(rebasing: room.dropLast())
            var writer = JSONWriter(inner.mutableBytes)
            body(&writer)
            do {
                let count = try writer.finish()
                room[count] = UInt8(ascii: "\n")
                return count + 1
            } catch {
                preconditionFailure("an answer of this node's own does not fit its room: \(error)")
            }
        }
    }
}

// Writing an answer: its head, with what HTTP asks of every head, and its body behind it in one piece.
import Reactor
import Telemetry

extension ServerConnection {
    /// What the head takes beside the handler's own lines: status, date, type, length, connection.
    private static let ownHeadBytes = 512

    /// False where memory for output is used up.
    func send(
        _ response: borrowing Response, by server: Server, withBody: Bool, stays: Bool, says10: Bool
    ) -> Bool {
        let status = response.isBroken ? Status.internalServerError : response.status
        server.metrics.responses(Int(status.code) / 100).add()
        let hasBody = withBody && status.mayHaveBody
        let body = response.shared?.bytes ?? response.body
        let lines = response.headerLines
        let headRoom = ServerConnection.ownHeadBytes + lines.count
        // One record, or one send, for the common answer; a large body follows its head.
        let together = hasBody && response.shared == nil && headRoom + body.count <= Server.composeBytes
        let wanted = headRoom + (together ? body.count : 0)

        guard let room = isSecure ? server.compose : reserve(wanted) else { return false }
        var count = writeHead(
            into: room, server.dateText(), status, response.contentType, bodyBytes: body.count, lines,
            stays: stays,
            says10: says10)
        if together {
            UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: body)
            count += body.count
        }
        if isSecure {
            guard send(UnsafeRawBufferPointer(rebasing: room[..<count])) else { return false }
        } else {
            commit(count)
        }
        if together || !hasBody { return true }
        if let shared = response.shared { return send(shared) }
        return send(body)
    }

    private func writeHead(
        into room: UnsafeMutableRawBufferPointer, _ date: UnsafeRawBufferPointer, _ status: Status,
        _ contentType: StaticString,
        bodyBytes: Int,
        _ lines: UnsafeRawBufferPointer, stays: Bool, says10: Bool
    ) -> Int {
        var writer = HeadWriter(into: room)
        writer.start(status)
        writer.verbatim("date: ")
        writer.verbatim(date.bytes)
        if status.mayHaveBody {
            if bodyBytes > 0 {
                writer.verbatim("\r\ncontent-type: ")
                writer.verbatim(contentType)
            }
            writer.verbatim("\r\ncontent-length: ")
            writer.verbatim(bodyBytes)
        }
        if !stays {
            writer.verbatim("\r\nconnection: close\r\n")
        } else if says10 {
            writer.verbatim("\r\nconnection: keep-alive\r\n")
        } else {
            writer.verbatim("\r\n")
        }
        writer.verbatim(lines.bytes)
        do {
            return try writer.finish()
        } catch {
            preconditionFailure("a head of our own does not fit its room or breaks the grammar: \(error)")
        }
    }

    /// Sends two pieces of text, such as an interim answer.
    func write(_ first: StaticString, then second: StaticString) -> Bool {
        first.withUTF8Buffer { a in
            second.withUTF8Buffer { b in send(UnsafeRawBufferPointer(a)) && send(UnsafeRawBufferPointer(b)) }
        }
    }
}

extension Status {
    /// 204 and 304 end with their head, whatever a handler wrote: what followed would be read as the next
    /// answer.
    fileprivate var mayHaveBody: Bool { code != 204 && code != 304 }
}

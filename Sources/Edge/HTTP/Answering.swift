// Writing an answer: its head, with what HTTP asks of every head, and its body behind it, in one piece or as it
// is made.
import Reactor
import Telemetry

extension ServerConnection {
    /// What the head takes beside the handler's own lines: status, date, type, length, connection.
    private static let ownHeadBytes = HeadBeginnings.bytesMax + HeadBeginnings.restBytes

    /// False where memory for output is used up.
    func send(
        _ response: borrowing Response, by server: Server, withBody: Bool, stays: Bool, says10: Bool
    ) -> Bool {
        server.metrics.responses(Int(response.status.code) / 100).add()
        if let source = response.source {
            return send(source, after: response, by: server, withBody: withBody, stays: stays, says10: says10)
        }
        // A 204 has no body and says no length (RFC 9110 §8.6), whatever its handler wrote; nor has a 304, whose length
        // would be that of what is not sent.
        let isEmpty = response.status == .noContent || response.status == .notModified
        let body =
            isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : response.shared?.bytes ?? response.body
        let lines = response.headerLines
        let headRoom = ServerConnection.ownHeadBytes + lines.count
        // One record, or one send, for the common answer; a large body follows its head.
        let together =
            withBody && (isEmpty || response.shared == nil) && headRoom + body.count <= Server.composeBytes
        let wanted = headRoom + (together ? body.count : 0)

        guard let room = isSecure ? server.compose : reserve(wanted) else { return false }
        var count = writeHead(
            into: room, by: server, response, isEmpty ? .none : .length(body.count), lines,
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
        if together || !withBody { return true }
        if let shared = response.shared { return send(shared) }
        return send(body)
    }

    /// A body of unknown length: in chunks to those who know them, to others until the connection's end.
    private func send(
        _ source: @escaping BodySource, after response: borrowing Response, by server: Server,
        withBody: Bool, stays: Bool, says10: Bool
    ) -> Bool {
        let room = server.compose
        let count = writeHead(
            into: room, by: server, response, says10 ? .untilClose : .chunked,
            response.headerLines, stays: stays, says10: says10)
        guard send(UnsafeRawBufferPointer(rebasing: room[..<count])) else { return false }
        if !withBody { return true }
        let ahead = min(Transport.sealedAhead, server.limits.outputBytesPerConnection)
        return send(StreamedBody(source: source, isChunked: !says10, aheadBytes: ahead))
    }

    private func writeHead(
        into room: UnsafeMutableRawBufferPointer, by server: Server, _ response: borrowing Response,
        _ framing: BodyFraming, _ lines: UnsafeRawBufferPointer, stays: Bool, says10: Bool
    ) -> Int {
        var writer = HeadWriter(into: room)
        writer.verbatim(server.headBeginning(response.status, response.contentType, framing).bytes)
        if case .length(let count) = framing { writer.verbatim(count) }
        if !stays {
            writer.verbatim("\r\nconnection: close\r\n")
        } else if says10 {
            writer.verbatim("\r\nconnection: keep-alive\r\n")
        } else {
            writer.verbatim("\r\n")
        }
        if !lines.isEmpty { writer.verbatim(lines.bytes) }
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

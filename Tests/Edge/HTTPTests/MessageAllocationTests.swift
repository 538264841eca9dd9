// The grammar allocates nothing, neither where it accepts nor where it refuses.
import AllocationCounter
import HTTP
import Testing

@Suite struct MessageAllocationTests {
    @Test(.enabled(if: allocations_are_counted() != 0, "a sanitizer has its own malloc"))
    func nothingIsAllocatedForAMessage() {
        let request = Array(
            ("POST /bid/%61?a=b&c HTTP/1.1\r\nHost: a.example:80\r\nUser-Agent: test\r\n"
                + "Connection: keep-alive\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n").utf8
        )
        let refused = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".utf8)
        let response = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".utf8)
        let body = Array("5;a=\"b\"\r\nhello\r\n0\r\nTrailer: x\r\n\r\n".utf8)
        var output = [UInt8](repeating: 0, count: 512)
        var requestHead = RequestHead()
        var responseHead = ResponseHead()
        var steps = 0

        func once() {
            var progress = HeadProgress()
            for end in stride(from: 20, through: request.count, by: request.count - 20) {
                let arrived = request.span.extracting(..<end).bytes
                if case .complete = requestHead.parse(arrived, progress: &progress) { steps += 1 }
            }
            if requestHead.header("user-agent", in: request.span.bytes) != nil { steps += 1 }
            if case .refused(let refusal) = requestHead.parse(refused.span.bytes) {
                steps += Int(refusal.status.code) == 501 ? 1 : 0
            }
            if case .complete = responseHead.parse(response.span.bytes, progress: &progress, answering: .get)
            {
                steps += 1
            }
            output.withUnsafeMutableBytes { room in
                var decoder = ChunkedDecoder(bodyBytesMax: 100)
                body.withUnsafeBytes { steps += decoder.decode($0, into: room).produced }
                HTTPDate.write(secondsSinceEpoch: 784_111_777, into: room)
                var writer = HeadWriter(into: room)
                writer.start(.ok)
                writer.field("Content-Length", 299)
                writer.field("Server", body.span.extracting(..<3).bytes)
                if let length = try? writer.finish(), length > 0 { steps += 1 }
            }
        }

        once()
        steps = 0
        let before = allocations_of_thread()
        for _ in 0..<100 { once() }
        #expect(allocations_of_thread() == before)
        // Everything was gone through: one head, one header, a refusal, a response,
        // five bytes of body and a written head.
        #expect(steps == 100 * 10)
        let control = [UInt8](repeating: 1, count: steps)
        #expect(allocations_of_thread() > before && control.count == steps, "the counter counts")
    }
}

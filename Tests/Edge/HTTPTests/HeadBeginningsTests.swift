// Beginnings of heads are kept and copied: whatever was answered before, each head begins as if it were the only one.
import Kernel
import Reactor
import Testing

@testable import HTTP

@Suite struct HeadBeginningsTests {
    @Test func aBeginningIsTheOneThatWouldBeWrittenAnew() {
        let seed: UInt64 = 0x5EED_0011
        var random = MessageRandom(state: seed)
        // Among them some that fall into one place.
        let statuses: [Status] = [.ok, .noContent, .notModified, .badRequest, .notFound, .serviceUnavailable]
        let types: [StaticString] = ["application/json", "text/plain; charset=utf-8", "text/html", ""]
        let framings: [BodyFraming] = [.none, .length(0), .length(1), .length(300), .chunked, .untilClose]
        let date = UnsafeMutableRawBufferPointer.allocate(byteCount: HTTPDate.byteCount, alignment: 8)
        defer { date.deallocate() }
        var beginnings = HeadBeginnings()
        var (status, type, framing) = (statuses[0], types[0], framings[0])
        for round in 0..<4000 {
            // One thing changes at a time, and the second under all else that stays: that it does is seen only then.
            switch random.below(6) {
            case 0: status = statuses[random.below(statuses.count)]
            case 1: type = types[random.below(types.count)]
            case 2: framing = framings[random.below(framings.count)]
            default: break
            }
            let second = Int64(1_700_000_000 + round / 5)
            HTTPDate.write(secondsSinceEpoch: second, into: date)
            let bytes = beginnings.of(
                status, type, HeadBeginnings.Framing(framing), second: second,
                date: UnsafeRawBufferPointer(date))
            var expected = "\(status.line)date: \(String(decoding: date, as: UTF8.self))"
            switch framing {
            case .none: break
            case .length(0): expected += "\r\ncontent-length: "
            case .length: expected += "\r\ncontent-type: \(type)\r\ncontent-length: "
            case .chunked: expected += "\r\ncontent-type: \(type)\r\ntransfer-encoding: chunked"
            case .untilClose: expected += "\r\ncontent-type: \(type)"
            }
            #expect(String(decoding: bytes, as: UTF8.self) == expected, "seed \(seed), round \(round)")
        }
    }

    @Test(arguments: bothDrivers) func answersOfSeveralKindsDoNotMix(_ driver: DriverChoice) throws {
        let rig = try ServerRig(driver) { request, response in
            switch request.path.byteCount % 4 {
            case 0: response.contentType = "application/json"
            case 1: response.status = .badRequest
            case 2: response.status = .noContent
            default: break
            }
            if request.path.byteCount % 4 != 3 { response.write("{}") }
        }
        let peer = try rig.peer()
        for index in 0..<40 {
            peer.say("GET /\(String(repeating: "x", count: index)) HTTP/1.1\r\nHost: x\r\n\r\n")
        }
        try rig.settle { peer.answers.count == 40 }
        for (index, answer) in peer.answers.enumerated() {
            let kind = (index + 1) % 4
            #expect(answer.status == [200, 400, 204, 200][kind])
            #expect(
                answer.headers["content-type"]
                    == ["application/json", "text/plain; charset=utf-8", nil, nil][kind])
            #expect(answer.headers["content-length"] == ["2", "2", nil, "0"][kind])
        }
        try rig.finish()
    }
}

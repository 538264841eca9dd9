// What must hold of the HTTP grammar for any bytes: however they are cut, requests, responses and chunked
// bodies are read the same; nothing beyond what has arrived is looked at; what is accepted keeps the
// grammar's promises.
import HTTP

public enum MessageInvariants {
    /// The largest input that is looked at: what costs time grows with it, and no limit below is larger.
    static let inputBytesMax = 4096

    /// What is broken by this input, or nil. The first byte chooses what is read and the limits, the second
    /// where the bytes are cut.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard input.count >= 2, input.count <= inputBytesMax else { return nil }
        let choice = input[0]
        let bytes = Array(input[2...])
        let cut = bytes.isEmpty ? 0 : Int(input[1]) * 7 % bytes.count
        var limits = HeadLimits()
        if choice & 4 != 0 {
            limits.startLineBytesMax = 48
            limits.headBytesMax = 160
            limits.fieldCountMax = 5
        }
        switch choice & 3 {
        case 0: return responses(bytes, cut: cut, limits, method: choice & 8 == 0 ? .get : .head)
        case 1: return chunks(bytes, cut: cut, bodyBytesMax: choice & 8 == 0 ? 100_000 : 20)
        default: return requests(bytes, cut: cut, limits)
        }
    }

    /// A request, its body, and the requests that follow in the same bytes.
    private static func requests(_ bytes: [UInt8], cut: Int, _ limits: HeadLimits) -> String? {
        var start = 0
        // More than a few in one input find nothing new.
        for _ in 0..<4 {
            let rest = Array(bytes[start...])
            var head = RequestHead(limits: limits)
            let whole = RequestFacts.read(rest, ends: [rest.count], &head)
            let localCut = max(0, min(cut - start, rest.count))
            for ends in [[localCut, rest.count], Array(0...rest.count)]
            where RequestFacts.read(rest, ends: ends, &head) != whole {
                return "a request at \(start) is read differently in pieces (cut at \(localCut))"
            }
            guard case .complete(let length) = whole.outcome else { return nil }
            if let violation = whole.violation(rest) { return violation }
            start += length
            switch whole.framing {
            case .chunked:
                let body = Array(bytes[start...])
                if let violation = chunks(body, cut: max(0, min(cut - start, body.count)), bodyBytesMax: 4096)
                {
                    return violation
                }
                let decoded = ChunkFacts.read(body, ends: [body.count], bodyBytesMax: 4096)
                guard decoded.end == .complete else { return nil }
                start += decoded.used
            case .length(let length):
                guard length <= bytes.count - start else { return nil }
                start += length
            case .none: break
            case .untilClose: return "a request cannot end with its connection"
            }
        }
        return nil
    }

    private static func responses(
        _ bytes: [UInt8], cut: Int, _ limits: HeadLimits, method: Method
    ) -> String? {
        var head = ResponseHead(limits: limits)
        let whole = ResponseFacts.read(bytes, ends: [bytes.count], method, &head)
        for ends in [[cut, bytes.count], Array(0...bytes.count)]
        where ResponseFacts.read(bytes, ends: ends, method, &head) != whole {
            return "a response is read differently in pieces (cut at \(cut))"
        }
        guard case .complete(let length) = whole.outcome else { return nil }
        guard (100..<600).contains(whole.code), whole.code != 101 else { return "code \(whole.code)" }
        if method == .head || whole.code < 200 || whole.code == 204 || whole.code == 304,
            whole.framing != .none
        {
            return "a body where there is none"
        }
        if whole.framing == .untilClose, whole.keepAlive {
            return "a body that ends with a connection that stays"
        }
        return FieldFacts.violation(whole.fields, in: bytes, headLength: length)
    }

    private static func chunks(_ bytes: [UInt8], cut: Int, bodyBytesMax: Int) -> String? {
        let whole = ChunkFacts.read(bytes, ends: [bytes.count], bodyBytesMax: bodyBytesMax)
        for ends in [[cut, bytes.count], Array(0...bytes.count)]
        where ChunkFacts.read(bytes, ends: ends, bodyBytesMax: bodyBytesMax) != whole {
            return "a chunked body is read differently in pieces (cut at \(cut))"
        }
        if whole.data.count > bodyBytesMax {
            return "\(whole.data.count) bytes of body, limit \(bodyBytesMax)"
        }
        if whole.data.count > whole.used { return "more came out than went in" }
        let inPlace = ChunkFacts.readInPlace(bytes, bodyBytesMax: bodyBytesMax)
        if inPlace != whole { return "a chunked body is read differently in place" }
        let narrow = ChunkFacts.readNarrow(bytes, room: 1 + cut % 5, bodyBytesMax: bodyBytesMax)
        return narrow == whole ? nil : "a chunked body is read differently into a small buffer"
    }
}

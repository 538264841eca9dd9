// What the tests of the message grammar share: parsing text, and seeing a parsed head as plain values.
import HTTP

/// Everything that a request head says, taken out of its bytes.
struct RequestView: Equatable {
    var method: Method
    var methodName: String
    var target: String
    var form: TargetForm
    var path: String
    var query: String
    var version: Version
    var authority: String
    var hasHost: Bool
    var framing: BodyFraming
    var keepAlive: Bool
    var expectsContinue: Bool
    var headers: [String]
}

enum Parsed: Equatable {
    case head(RequestView, length: Int)
    case incomplete
    case refused(Refusal)

    init(_ outcome: HeadOutcome, _ head: borrowing RequestHead, _ bytes: [UInt8]) {
        switch outcome {
        case .complete(let length): self = .head(head.view(bytes), length: length)
        case .incomplete: self = .incomplete
        case .refused(let refusal): self = .refused(refusal)
        }
    }
}

extension ByteRange {
    func text(in bytes: [UInt8]) -> String { String(decoding: bytes[indices], as: UTF8.self) }
}

extension RequestHead {
    func view(_ bytes: [UInt8]) -> RequestView {
        RequestView(
            method: method, methodName: methodName.text(in: bytes), target: target.text(in: bytes),
            form: targetForm, path: path.text(in: bytes), query: query.text(in: bytes), version: version,
            authority: authority.text(in: bytes), hasHost: hasHost, framing: framing, keepAlive: keepAlive,
            expectsContinue: expectsContinue,
            headers: (0..<headers.count).map {
                headers.name(at: $0).text(in: bytes) + "=" + headers.value(at: $0).text(in: bytes)
            })
    }
}

/// Parses a request given at once.
func parseWhole(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) -> Parsed {
    parsePieces(bytes, ends: [bytes.count], limits: limits)
}

func parseWhole(_ text: String, limits: HeadLimits = HeadLimits()) -> Parsed {
    parseWhole(Array(text.utf8), limits: limits)
}

/// Parses a request that arrives up to one end after another. A second head is parsed between any two pieces,
/// as on a server whose connections share the table.
func parsePieces(_ bytes: [UInt8], ends: [Int], limits: HeadLimits = HeadLimits()) -> Parsed {
    var head = RequestHead(limits: limits)
    var progress = HeadProgress()
    let other = Array("PUT /other HTTP/1.1\r\nHost: other\r\nContent-Length: 7\r\nExpect: x\r\n\r\n".utf8)
    for end in ends {
        let piece = Array(bytes[..<end])
        let outcome = head.parse(piece.span.bytes, progress: &progress)
        if outcome != .incomplete { return Parsed(outcome, head, bytes) }
        _ = head.parse(other.span.bytes)
    }
    return .incomplete
}

// All that a head says, as plain values that can be compared.
import HTTP

struct FieldFacts: Equatable {
    var name: ByteRange
    var value: ByteRange

    /// What is broken in the fields of an accepted head.
    static func violation(_ fields: [FieldFacts], in bytes: [UInt8], headLength: Int) -> String? {
        guard headLength >= 4, bytes[headLength - 4..<headLength].elementsEqual([13, 10, 13, 10]) else {
            return "the head does not end with a blank line"
        }
        for field in fields {
            let name = bytes[field.name.indices]
            let value = bytes[field.value.indices]
            let separators = Set("()<>@,;:\\\"/[]?={}".utf8)
            guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !separators.contains($0) })
            else {
                return "a name that is no token"
            }
            guard field.name.end < field.value.end || field.value.isEmpty, field.value.end <= headLength
            else {
                return "a field outside its head"
            }
            guard value.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 9 }) else {
                return "a control byte in a value"
            }
            for end in [value.first, value.last] where end == 0x20 || end == 9 {
                return "a blank at a value's end"
            }
        }
        return nil
    }
}

struct RequestFacts: Equatable {
    var outcome = HeadOutcome.incomplete
    var method = Method.other
    var ranges: [ByteRange] = []
    var form = TargetForm.origin
    var version = Version.http11
    var framing = BodyFraming.none
    var flags: [Bool] = []
    var fields: [FieldFacts] = []

    /// Reads what arrives. Between two pieces another connection's head goes through the same table.
    static func read(_ bytes: [UInt8], ends: [Int], _ head: inout RequestHead) -> RequestFacts {
        var facts = RequestFacts()
        var progress = HeadProgress()
        let other = Array("PUT /o HTTP/1.0\r\nHost: o\r\nContent-Length: 7\r\nA: b\r\n\r\n".utf8)
        arriving(bytes, ends: ends) { arrived in
            facts.outcome = head.parse(arrived, progress: &progress)
            if facts.outcome == .incomplete { _ = head.parse(other.span.bytes) }
            return facts.outcome != .incomplete
        }
        guard case .complete = facts.outcome else { return facts }
        facts.method = head.method
        facts.ranges = [head.methodName, head.target, head.path, head.query, head.authority]
        facts.form = head.targetForm
        facts.version = head.version
        facts.framing = head.framing
        facts.flags = [head.keepAlive, head.expectsContinue, head.hasHost, head.isChunked]
        facts.fields = (0..<head.headers.count).map {
            FieldFacts(name: head.headers.name(at: $0), value: head.headers.value(at: $0))
        }
        return facts
    }

    /// What is broken in a request that was accepted.
    func violation(_ bytes: [UInt8]) -> String? {
        guard case .complete(let length) = outcome else { return nil }
        for range in ranges where range.end > length { return "a part of the request line outside the head" }
        if let violation = FieldFacts.violation(fields, in: bytes, headLength: length) { return violation }
        let names = fields.map { String(decoding: bytes[$0.name.indices], as: UTF8.self).lowercased() }
        let hosts = names.count { $0 == "host" }
        let lengths = names.count { $0 == "content-length" }
        let codings = names.count { $0 == "transfer-encoding" }
        if hosts > 1 || (hosts == 0 && version == .http11) { return "\(hosts) hosts accepted" }
        if lengths + codings > 1 { return "\(lengths) lengths and \(codings) codings accepted" }
        if (codings == 1) != (framing == .chunked) { return "a coding that does not frame" }
        return rewritten(bytes)
    }

    /// The same request written plainly must say the same.
    private func rewritten(_ bytes: [UInt8]) -> String? {
        var plain = Array(bytes[ranges[0].indices]) + [0x20] + bytes[ranges[1].indices]
        plain += Array((version == .http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n").utf8)
        for field in fields {
            plain += Array(bytes[field.name.indices]) + [0x3A] + bytes[field.value.indices] + [13, 10]
        }
        plain += [13, 10]
        // The limits were kept by the longer spelling.
        var head = RequestHead()
        let again = RequestFacts.read(plain, ends: [plain.count], &head)
        let isSame =
            again.outcome == .complete(headLength: plain.count) && again.method == method
            && again.form == form
            && again.version == version && again.framing == framing && again.flags == flags
            && again.ranges.map(\.count) == ranges.map(\.count) && again.fields.count == fields.count
        return isSame ? nil : "a request written again says something else"
    }
}

struct ResponseFacts: Equatable {
    var outcome = HeadOutcome.incomplete
    var code = 0
    var reason = ByteRange.empty
    var framing = BodyFraming.none
    var keepAlive = false
    var fields: [FieldFacts] = []

    static func read(
        _ bytes: [UInt8], ends: [Int], _ method: Method, _ head: inout ResponseHead
    ) -> ResponseFacts {
        var facts = ResponseFacts()
        var progress = HeadProgress()
        let other = Array("HTTP/1.0 404 No\r\nContent-Length: 7\r\nA: b\r\n\r\n".utf8)
        arriving(bytes, ends: ends) { arrived in
            facts.outcome = head.parse(arrived, progress: &progress, answering: method)
            var otherProgress = HeadProgress()
            if facts.outcome == .incomplete {
                _ = head.parse(other.span.bytes, progress: &otherProgress, answering: .get)
            }
            return facts.outcome != .incomplete
        }
        guard case .complete = facts.outcome else { return facts }
        facts.code = Int(head.code)
        facts.reason = head.reason
        facts.framing = head.framing
        facts.keepAlive = head.keepAlive
        facts.fields = (0..<head.headers.count).map {
            FieldFacts(name: head.headers.name(at: $0), value: head.headers.value(at: $0))
        }
        return facts
    }
}

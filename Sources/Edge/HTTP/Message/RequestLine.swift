// The request line and the Host: the four target forms and the authorities in them (RFC 9112 §3).

extension RequestHead {
    /// `method SP target SP HTTP/1.x`, with exactly one space between the parts.
    mutating func parseLine(_ bytes: RawSpan) -> Refusal? {
        let line = headers.startLine
        if let named = Self.namedMethod(at: Int(line.start), before: line.end, bytes) {
            method = named.method
            methodName = ByteRange(start: Int(line.start), count: named.count)
        } else if let refusal = parseOtherMethod(line, bytes) {
            return refusal
        }

        // The target is what has no space in it, and the path what has no question mark.
        let targetStart = methodName.end &+ 1
        var end = bytes.firstTargetEnd(from: targetStart, to: line.end)
        let questionMark = end
        while end < line.end, bytes[end] == ASCII.question {
            end = bytes.firstTargetEnd(from: end &+ 1, to: line.end)
        }
        target = ByteRange(from: targetStart, to: end)
        guard end < line.end, !target.isEmpty else { return .malformedRequestLine }
        // Visible ASCII; not `#`, for a fragment never leaves the client. What RFC 3986 forbids beside
        // (braces, brackets, the bar) is let through: ad servers' macros put it there every day.
        guard bytes[end] == ASCII.space else { return .invalidTarget }
        if let refusal = parseVersion(ByteRange(from: end &+ 1, to: line.end), bytes) { return refusal }
        return parseTarget(bytes, questionMark)
    }

    /// A method without a name here, or none.
    @inline(never)
    private mutating func parseOtherMethod(_ line: ByteRange, _ bytes: RawSpan) -> Refusal? {
        let end = bytes.tokenEnd(from: Int(line.start), to: line.end)
        methodName = ByteRange(from: Int(line.start), to: end)
        method = .other
        guard end < line.end else { return .malformedRequestLine }
        return bytes[end] == ASCII.space && !methodName.isEmpty ? nil : .invalidMethod
    }

    /// `HTTP/1.1`, as nearly every line ends, or another version.
    @inline(__always)
    private mutating func parseVersion(_ range: ByteRange, _ bytes: RawSpan) -> Refusal? {
        guard range.count == 8, bytes.word(at: Int(range.start)).begins("HTTP/1.1") else {
            return parseOtherVersion(range, bytes)
        }
        version = .http11
        return nil
    }

    /// `HTTP/1.0`. A higher minor version is spoken to as 1.1 (RFC 9110 §2.5).
    @inline(never)
    private mutating func parseOtherVersion(_ range: ByteRange, _ bytes: RawSpan) -> Refusal? {
        guard let numbers = HTTPVersion.parse(range, bytes) else { return .malformedRequestLine }
        guard numbers.major == 1 else {
            let isPreface = numbers.major == 2 && methodName.equals("PRI", in: bytes)
            return isPreface ? .http2Preface : .unsupportedVersion
        }
        version = numbers.minor == 0 ? .http10 : .http11
        return nil
    }

    @inline(__always)
    private mutating func parseTarget(_ bytes: RawSpan, _ questionMark: Int) -> Refusal? {
        targetAuthority = .empty
        path = .empty
        query = .empty
        if method == .connect {
            targetForm = .authority
            targetAuthority = target
            return HostGrammar.isValid(target, bytes, needsPort: true) ? nil : .invalidTarget
        }
        if bytes[Int(target.start)] == ASCII.slash {
            targetForm = .origin
            splitPath(from: Int(target.start), questionMark)
            return nil
        }
        if target.count == 1, bytes[Int(target.start)] == ASCII.asterisk {
            targetForm = .asterisk
            return method == .options ? nil : .invalidTarget
        }
        return parseAbsolute(bytes, questionMark)
    }

    @inline(never)
    private mutating func parseAbsolute(_ bytes: RawSpan, _ questionMark: Int) -> Refusal? {
        targetForm = .absolute
        var start = Int(target.start)
        if target.hasPrefixIgnoringCase("http://", in: bytes) {
            start &+= 7
        } else if target.hasPrefixIgnoringCase("https://", in: bytes) {
            start &+= 8
        } else {
            return .invalidTarget
        }
        var end = start
        while end < target.end, bytes[end] != ASCII.slash, bytes[end] != ASCII.question { end &+= 1 }
        targetAuthority = ByteRange(from: start, to: end)
        guard !targetAuthority.isEmpty, HostGrammar.isValid(targetAuthority, bytes, needsPort: false) else {
            return .invalidTarget
        }
        splitPath(from: end, questionMark)
        return nil
    }

    private mutating func splitPath(from start: Int, _ questionMark: Int) {
        path = ByteRange(from: start, to: questionMark)
        if questionMark < target.end { query = ByteRange(from: questionMark &+ 1, to: target.end) }
    }

    /// One Host for HTTP/1.1, at most one for 1.0. It may be empty: a target without authority has none. Mutating, as
    /// `HeaderTable.value(of:)` is, though it changes nothing.
    @inline(__always)
    mutating func checkHost(_ bytes: RawSpan) -> Refusal? {
        if headers.hostCount > 1 { return .repeatedHost }
        if headers.hostCount == 0 { return version == .http11 ? .missingHost : nil }
        return headers.host.isEmpty || HostGrammar.isValid(headers.host, bytes, needsPort: false)
            ? nil : .invalidHost
    }

    /// The method that a line begins with, and how long its name is, where it has a name here and a space follows.
    @inline(__always)
    private static func namedMethod(
        at start: Int, before end: Int, _ bytes: RawSpan
    ) -> (method: Method, count: Int)? {
        // Each of them fits in a word with its space; so does the shortest request line.
        guard start &+ 8 <= end else { return nil }
        let word = bytes.word(at: start)
        if word.begins("GET ") { return (.get, 3) }
        if word.begins("POST ") { return (.post, 4) }
        if word.begins("HEAD ") { return (.head, 4) }
        if word.begins("PUT ") { return (.put, 3) }
        if word.begins("PATCH ") { return (.patch, 5) }
        if word.begins("TRACE ") { return (.trace, 5) }
        if word.begins("DELETE ") { return (.delete, 6) }
        if word.begins("OPTIONS ") { return (.options, 7) }
        if word.begins("CONNECT ") { return (.connect, 7) }
        return nil
    }
}

extension UInt64 {
    /// Whether a word of a head begins with a text of one to eight bytes; the compiler works out what that makes.
    @inline(__always)
    fileprivate func begins(_ text: StaticString) -> Bool {
        var letters: UInt64 = 0
        for index in 0..<text.utf8CodeUnitCount {
            letters |= UInt64(text.utf8Start[index]) &<< (8 &* UInt64(index))
        }
        return (self ^ letters) &<< (64 &- 8 &* UInt64(text.utf8CodeUnitCount)) == 0
    }
}

/// `HTTP/` DIGIT `.` DIGIT.
enum HTTPVersion {
    static func parse(_ range: ByteRange, _ bytes: RawSpan) -> (major: UInt8, minor: UInt8)? {
        guard range.count == 8 else { return nil }
        let word = bytes.word(at: Int(range.start))
        let major = UInt8(truncatingIfNeeded: word &>> 40)
        let minor = UInt8(truncatingIfNeeded: word &>> 56)
        // The eight bytes without their two digits.
        guard word & 0x00FF_00FF_FFFF_FFFF == 0x002E_002F_5054_5448, ASCII.isDigit(major),
            ASCII.isDigit(minor)
        else { return nil }
        return (major &- ASCII.zero, minor &- ASCII.zero)
    }
}

/// `uri-host [ ":" port ]` (RFC 3986 §3.2.2). Userinfo has no place in a request (RFC 9110 §4.2.4).
enum HostGrammar {
    static func isValid(_ range: ByteRange, _ bytes: RawSpan, needsPort: Bool) -> Bool {
        var position = Int(range.start)
        let end = range.end
        if position < end, bytes[position] == UInt8(ascii: "[") {
            position &+= 1
            let start = position
            while position < end, isLiteralByte(bytes[position]) { position &+= 1 }
            guard position < end, position > start, bytes[position] == UInt8(ascii: "]") else { return false }
            position &+= 1
        } else {
            let start = position
            position = bytes.firstUnplain(from: position, to: end)
            if position < end, bytes[position] != ASCII.colon {
                while position < end, ASCII.isHostByte(bytes[position]) { position &+= 1 }
            }
            guard position > start else { return false }
        }
        guard position < end else { return !needsPort }
        guard bytes[position] == ASCII.colon else { return false }
        position &+= 1
        let port = ByteRange(from: position, to: end)
        // An empty port is grammatical; more than five digits is no port.
        guard port.count <= 5, !(port.isEmpty && needsPort) else { return false }
        return bytes.firstUndigit(from: position, to: end) == end
    }

    /// What stands between the brackets of an IPv6 address, dotted quads at its end included.
    private static func isLiteralByte(_ byte: UInt8) -> Bool {
        ASCII.hexValue(byte) != nil || byte == ASCII.colon || byte == UInt8(ascii: ".")
    }
}

extension ByteRange {
    func hasPrefixIgnoringCase(_ prefix: StaticString, in bytes: RawSpan) -> Bool {
        let length = prefix.utf8CodeUnitCount
        return count >= length
            && ByteRange(start: Int(start), count: length).equalsIgnoringCase(prefix, in: bytes)
    }
}

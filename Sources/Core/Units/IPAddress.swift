// The address of a host, written as people write it. No names are looked up: an address in the settings is the one that
// is bound, today and after a change of DNS.

/// An IPv4 or IPv6 address without a zone.
public struct IPAddress: Hashable, Sendable {
    public enum Family: Sendable { case v4, v6 }

    public let family: Family
    /// The address as a number, the first byte on the wire highest; 32 bits for IPv4.
    public let value: UInt128

    /// The address of this machine that no other machine reaches.
    public static let loopback = IPAddress(family: .v4, value: 0x7F00_0001)
    /// Every IPv4 address of this machine.
    public static let everywhere = IPAddress(family: .v4, value: 0)

    private init(family: Family, value: UInt128) {
        self.family = family
        self.value = value
    }

    /// Reads `192.0.2.1` or `2001:db8::1`. Nothing else that some system takes for an address: no octal, no
    /// zones, no missing parts.
    public init?(_ text: String) { self.init(text.utf8Span.span.raw) }

    public init?(_ text: RawSpan) {
        if text.holds(UInt8(ascii: ":"), in: 0..<text.byteCount) {
            guard let value = text.version6() else { return nil }
            self.init(family: .v6, value: value)
        } else {
            guard let value = text.version4(0..<text.byteCount) else { return nil }
            self.init(family: .v4, value: UInt128(value))
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The one form that RFC 5952 recommends, so that equal addresses read the same.
    public var description: String {
        if family == .v4 {
            return (0..<4).map { "\(UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)))" }.joined(
                separator: ".")
        }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: value >> (112 - 16 * $0)) }
        func joined(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        // The first of the longest runs of two or more zero groups is left out.
        var gap = 0..<0
        for start in 0..<8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > max(gap.count, 1) { gap = start..<end }
        }
        if gap.isEmpty { return joined(groups[...]) }
        return joined(groups[..<gap.lowerBound]) + "::" + joined(groups[gap.upperBound...])
    }
}

// Byte by byte and without an allocation: requests have addresses too.
extension RawSpan {
    fileprivate func holds(_ byte: UInt8, in range: Range<Int>) -> Bool {
        for place in range where self.byte(place) == byte { return true }
        return false
    }

    /// Four numbers up to 255 with points between them.
    fileprivate func version4(_ range: Range<Int>) -> UInt32? {
        var (value, parts, place) = (UInt32(0), 0, range.lowerBound)
        while true {
            let start = place
            var part: UInt32 = 0
            while place < range.upperBound, byte(place) &- UInt8(ascii: "0") < 10, place - start < 3 {
                part = part * 10 + UInt32(byte(place) - UInt8(ascii: "0"))
                place += 1
            }
            // A leading zero reads as octal in some systems and as decimal in others.
            let isPlain = place - start == 1 || place > start && byte(start) != UInt8(ascii: "0")
            guard isPlain, part <= 255 else { return nil }
            value = value << 8 | part
            parts += 1
            if parts == 4 { return place == range.upperBound ? value : nil }
            guard place < range.upperBound, byte(place) == UInt8(ascii: ".") else { return nil }
            place += 1
        }
    }

    /// Up to eight groups with colons between them; once, two colons stand for as many zeros as are missing.
    fileprivate func version6() -> UInt128? {
        let colon = UInt8(ascii: ":")
        var groups = IPv6Groups()
        var place = 0
        if byteCount >= 2, byte(0) == colon, byte(1) == colon {
            groups.gap = 0
            place = 2
        }
        while place < byteCount {
            var end = place
            while end < byteCount, byte(end) != colon { end += 1 }
            // The last may be an IPv4 address, which makes two.
            if end == byteCount, holds(UInt8(ascii: "."), in: place..<end) {
                guard let embedded = version4(place..<end), groups.add(UInt16(embedded >> 16)),
                    groups.add(UInt16(truncatingIfNeeded: embedded))
                else { return nil }
                break
            }
            guard let group = group(place..<end), groups.add(group) else { return nil }
            if end == byteCount { break }
            place = end + 1
            if place < byteCount, byte(place) == colon {
                guard groups.gap == nil else { return nil }
                groups.gap = groups.count
                place += 1
            } else if place == byteCount {
                return nil
            }
        }
        return groups.value
    }

    private func group(_ range: Range<Int>) -> UInt16? {
        guard (1...4).contains(range.count) else { return nil }
        var group: UInt16 = 0
        for place in range {
            let letter = byte(place) | 0x20
            let digit: UInt8
            switch letter {
            case UInt8(ascii: "0")...UInt8(ascii: "9") where byte(place) == letter:
                digit = letter - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = letter - UInt8(ascii: "a") + 10
            default: return nil
            }
            group = group << 4 | UInt16(digit)
        }
        return group
    }
}

private struct IPv6Groups {
    private var groups = InlineArray<8, UInt16>(repeating: 0)
    private(set) var count = 0
    /// Before which group the zeros stand that are not written.
    var gap: Int?

    /// False where there are eight already.
    mutating func add(_ group: UInt16) -> Bool {
        guard count < 8 else { return false }
        groups[count] = group
        count += 1
        return true
    }

    var value: UInt128? {
        guard gap == nil ? count == 8 : count < 8 else { return nil }
        var value: UInt128 = 0
        for place in 0..<count {
            let zeros = gap.map { place < $0 } ?? true ? 0 : 8 - count
            value |= UInt128(groups[place]) << UInt128(16 * (7 - place - zeros))
        }
        return value
    }
}

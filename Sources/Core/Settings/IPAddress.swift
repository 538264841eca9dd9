// The address of a host, written as people write it. No names are looked up: an address in the settings is
// the one that is bound, today and after a change of DNS.

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
    public init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let value = version6(text) else { return nil }
            self.init(family: .v6, value: value)
        } else {
            guard let value = version4(text[...]) else { return nil }
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

private func version4(_ text: Substring) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
        // A leading zero reads as octal in some systems and as decimal in others.
        guard part.utf8.allSatisfy(isDigit), part == "0" || part.first != "0", let byte = UInt8(part) else {
            return nil
        }
        value = value << 8 | UInt32(byte)
    }
    return value
}

private func version6(_ text: String) -> UInt128? {
    var halves: [Substring] = [text[...]]
    if let gap = doubleColon(in: text) {
        halves = [text[..<gap], text[text.utf8.index(gap, offsetBy: 2)...]]
    }
    guard let head = groups(halves[0], isLast: halves.count == 1) else { return nil }
    guard halves.count == 2 else { return head.count == 8 ? number(head) : nil }
    guard let tail = groups(halves[1], isLast: true), head.count + tail.count < 8 else { return nil }
    return number(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
}

private func doubleColon(in text: String) -> String.Index? {
    let bytes = text.utf8
    return zip(bytes.indices, bytes.indices.dropFirst())
        .first { bytes[$0] == UInt8(ascii: ":") && bytes[$1] == UInt8(ascii: ":") }?.0
}

/// The 16-bit groups between colons; the last may be an IPv4 address, which makes two.
private func groups(_ text: Substring, isLast: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    var groups: [UInt16] = []
    for (index, part) in parts.enumerated() {
        if isLast, index == parts.count - 1, part.utf8.contains(UInt8(ascii: ".")) {
            guard let embedded = version4(part) else { return nil }
            groups += [UInt16(embedded >> 16), UInt16(truncatingIfNeeded: embedded)]
        } else {
            guard (1...4).contains(part.utf8.count), part.first != "+", let group = UInt16(part, radix: 16)
            else {
                return nil
            }
            groups.append(group)
        }
    }
    return groups
}

private func number(_ groups: [UInt16]) -> UInt128 {
    groups.reduce(0) { $0 << 16 | UInt128($1) }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

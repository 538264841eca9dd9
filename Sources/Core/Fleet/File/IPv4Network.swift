// Networks of the fleet, written as in 10.1.0.0/16. Version 4 alone: the mesh and the clouds' private networks are.
public import Units

public struct IPv4Network: Hashable, Sendable, CustomStringConvertible {
    public let base: UInt32
    public let bits: Int

    public init(base: UInt32, bits: Int) {
        precondition(
            (0...32).contains(bits) && base & ~Self.mask(bits) == 0, "a network starts where its bits say")
        (self.base, self.bits) = (base, bits)
    }

    /// Nil where it is no network, or an address inside of one.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), address.family == .v4,
            let bits = Int(parts[1]), "\(bits)" == parts[1], (8...30).contains(bits)
        else { return nil }
        let base = UInt32(address.value)
        guard base & ~Self.mask(bits) == 0 else { return nil }
        self.init(base: base, bits: bits)
    }

    private static func mask(_ bits: Int) -> UInt32 { bits == 0 ? 0 : ~0 << UInt32(32 - bits) }

    public var description: String { "\(Self.text(base))/\(bits)" }

    public func overlaps(_ other: IPv4Network) -> Bool {
        let mask = Self.mask(min(bits, other.bits))
        return base & mask == other.base & mask
    }

    /// Whether a host may have this address: the first and the last of a network are no host's.
    public func hasHost(_ address: IPAddress) -> Bool {
        guard address.family == .v4 else { return false }
        let value = UInt32(address.value)
        return value & Self.mask(bits) == base && value != base && value != base | ~Self.mask(bits)
    }

    /// In which of its sixteen equal parts a host's address lies; nil for networks too small to be divided.
    public func sixteenth(of address: IPAddress) -> Int? {
        guard hasHost(address), bits <= 26 else { return nil }
        return Int(UInt32(address.value) >> UInt32(28 - bits) & 15)
    }

    /// The first address that a host may have and nobody has.
    func free(besides taken: Set<IPAddress>) -> IPAddress? {
        var value = base + 1
        while let address = IPAddress(Self.text(value)), hasHost(address) {
            if !taken.contains(address) { return address }
            value += 1
        }
        return nil
    }

    /// The network of the same size behind this one; nil behind the last.
    public var next: IPv4Network? {
        let (base, isOver) = base.addingReportingOverflow(1 << UInt32(32 - bits))
        return isOver || bits == 0 ? nil : IPv4Network(base: base, bits: bits)
    }

    /// The address at the same place in another network of this size.
    public func moved(_ address: IPAddress, to other: IPv4Network) -> IPAddress? {
        guard hasHost(address), other.bits == bits else { return nil }
        return IPAddress(Self.text(other.base | UInt32(address.value) & ~Self.mask(bits)))
    }

    private static func text(_ value: UInt32) -> String {
        (0..<4).map { "\(UInt8(truncatingIfNeeded: value >> (24 - 8 * UInt32($0))))" }.joined(separator: ".")
    }
}

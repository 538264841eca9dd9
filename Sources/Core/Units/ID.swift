// Identifiers that cannot be mistaken for one another: the same bits, another type for each thing they name.

/// An identifier of a `Tag`: `typealias CampaignID = ID<Campaign>`. Costs what its integer costs.
public struct ID<Tag: ~Copyable & ~Escapable>: Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    @inlinable public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable public static func == (a: ID, b: ID) -> Bool { a.rawValue == b.rawValue }
    @inlinable public static func < (a: ID, b: ID) -> Bool { a.rawValue < b.rawValue }
    @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension ID: CustomStringConvertible {
    public var description: String { String(rawValue) }
}

// What is told of a viewer, a household, content, a line item or a creative: a value that is set, or something that
// happened. The same words in a stream, in a journal and in a backfill.

/// One change of one profile, in 32 bytes that rings and journals copy as they are.
public struct ProfileChange: Equatable, Sendable, BitwiseCopyable {
    /// Whose profile: the key's hash, which is never 0.
    public var key: UInt64
    /// When it was so, in seconds since 1970. Of two values the later one counts, however late it comes.
    public var seconds: UInt32
    /// A feature's column for a value, an event's number for something that happened.
    public var number: UInt16
    var entityNumber: UInt8
    var isEvent: UInt8
    /// An event's value in millionths: whole numbers add up to the same in every order.
    public var amount: Int64
    /// What it happened with, by its hash, for counting how many different ones there are.
    public var item: UInt64

    /// A value for a feature that is set from outside.
    public static func value(
        _ value: Float, of column: Int, _ entity: FeatureEntity, key: UInt64, at seconds: UInt32
    ) -> ProfileChange {
        ProfileChange(
            key: key, seconds: seconds, number: UInt16(column), entityNumber: entity.number, isEvent: 0,
            amount: Int64(value.bitPattern), item: 0)
    }

    /// Something that happened.
    public static func event(
        _ number: Int, _ entity: FeatureEntity, key: UInt64, at seconds: UInt32, amount: Int64 = 0,
        item: UInt64 = 0
    ) -> ProfileChange {
        ProfileChange(
            key: key, seconds: seconds, number: UInt16(number), entityNumber: entity.number, isEvent: 1,
            amount: amount, item: item)
    }

    public var entity: FeatureEntity? { FeatureEntity(number: entityNumber) }
    public var happened: Bool { isEvent != 0 }
    /// What is set, where something is.
    var value: Float { Float(bitPattern: UInt32(truncatingIfNeeded: amount)) }

    /// Beyond a million an event's value is cut: nine million of them still add up without an overflow.
    public static let amountMost: Int64 = 1_000_000 * 1_000_000
}

/// What became of a change.
public enum ProfileOutcome: Equatable, Sendable {
    case applied
    /// A later value stands there already, or every window that wants it is over.
    case late
    /// From further ahead than clocks differ; it would push out what happened until then.
    case ahead
    /// Of a feature or event that the schema does not have for this entity.
    case unknown
}

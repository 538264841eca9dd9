// What a server of the Redis protocol says, as it lies in the bytes that came.

/// Bounds of one reply: what a server may make a client hold and walk through.
public struct RESPLimits: Sendable {
    /// Some thousand entries of a stream.
    public var replyBytes = 4 * 1024 * 1024
    public var values = 131_072
    /// A reply to XREAD is five deep.
    public var depth = 16
    /// A number, a status or an error.
    public var lineBytes = 4_096

    public init() {}
}

/// One value of a reply. Those of an aggregate follow it, each with its own.
public struct RESPValue: Equatable, Sendable {
    public enum Kind: UInt8, Equatable, Sendable {
        /// A status, a string, a number that is not whole, or text with its format.
        case text
        /// `-CODE message`, or the same in bulk.
        case error
        case integer
        case null
        case boolean
        /// Arrays and sets.
        case list
        /// Keys and values in turn.
        case map
        /// Said without a question; it answers nothing.
        case push
        /// Stands before the value that it says something of.
        case attribute
    }

    public let kind: Kind
    /// Where its bytes lie in the reply, for texts and errors.
    public internal(set) var bytes: Range<Int>
    /// Of an integer or a boolean.
    public let number: Int64
    /// How many values are in it, a map's keys counted too.
    public let count: Int

    init(_ kind: Kind, bytes: Range<Int> = 0..<0, number: Int64 = 0, count: Int = 0) {
        self.kind = kind
        self.bytes = bytes
        self.number = number
        self.count = count
    }
}

/// Why bytes are no reply. The connection that they came from is of no more use.
public struct RESPFailure: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: String, Equatable, Sendable {
        case unknownType = "a type that is none"
        case malformedNumber = "a number that is none"
        case malformedEnd = "no line end where one has to be"
        case tooLong = "a line that is too long"
        case tooLarge = "a reply that is too large"
        case tooMany = "a reply of too many values"
        case tooDeep = "a reply that is nested too deep"
    }

    public let reason: Reason
    public let offset: Int

    public var description: String { "\(reason.rawValue), at byte \(offset) of a reply" }
}

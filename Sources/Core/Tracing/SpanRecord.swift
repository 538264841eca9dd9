// What is recorded of one call: of a fixed size and without references, so that a shard hands it on by copying it.
public import Units

public enum SpanKind: UInt8, Sendable {
    case `internal` = 1
    case server = 2
    case client = 3
}

/// What is said of a span beside its times.
public enum SpanValue: Equatable, Sendable {
    case number(Int64)
    case flag(Bool)
    case text(StaticString)
    /// As sixteen digits of base sixteen, which is how decisions are named.
    case digits(UInt64)

    public static func == (one: SpanValue, other: SpanValue) -> Bool {
        switch (one, other) {
        case (.number(let one), .number(let other)): one == other
        case (.flag(let one), .flag(let other)): one == other
        case (.text(let one), .text(let other)): one.description == other.description
        case (.digits(let one), .digits(let other)): one == other
        default: false
        }
    }
}

public struct SpanAttribute: Sendable {
    public let key: StaticString
    public let value: SpanValue
}

/// A part of a span, which becomes a span below it.
public struct SpanStep: Sendable {
    public let name: StaticString
    /// What it is a step for, such as a goal; empty where there is one only.
    public let detail: StaticString
    public let start: Instant
    public let end: Instant
}

public struct SpanRecord: Sendable {
    public static let attributesMost = 8
    public static let stepsMost = 12

    public let place: SpanStart
    public let kind: SpanKind
    public var name: StaticString
    /// Follows the name; empty where the name says all.
    public var detail: StaticString = ""
    /// By the wall clock.
    public let start: Instant
    public var end: Instant
    public var isError = false

    private var attributeList: InlineArray<8, SpanAttribute>
    public private(set) var attributeCount = 0
    private var stepList: InlineArray<12, SpanStep>
    public private(set) var stepCount = 0

    public init(_ place: SpanStart, _ kind: SpanKind, _ name: StaticString, start: Instant) {
        (self.place, self.kind, self.name, self.start, end) = (place, kind, name, start, start)
        attributeList = InlineArray(repeating: SpanAttribute(key: "", value: .flag(false)))
        stepList = InlineArray(repeating: SpanStep(name: "", detail: "", start: start, end: start))
    }

    /// Says one thing more; beyond `attributesMost` a program's mistake.
    public mutating func say(_ key: StaticString, _ value: SpanValue) {
        precondition(attributeCount < Self.attributesMost, "a span says more than it has room for")
        attributeList[attributeCount] = SpanAttribute(key: key, value: value)
        attributeCount &+= 1
    }

    /// Adds a step. Those beyond `stepsMost` are left out: the span's own times hold.
    public mutating func add(
        _ name: StaticString, _ detail: StaticString = "", from start: Instant, to end: Instant
    ) {
        guard stepCount < Self.stepsMost else { return }
        stepList[stepCount] = SpanStep(name: name, detail: detail, start: start, end: end)
        stepCount &+= 1
    }

    public func attribute(_ index: Int) -> SpanAttribute { attributeList[index] }
    public func step(_ index: Int) -> SpanStep { stepList[index] }
}

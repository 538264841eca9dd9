// The segments of one journal in a row: that each goes on where the one before it ended, and which of a failed
// one's records stand again in the next.

/// What is wrong between or inside segments.
public struct ChainFault: Equatable, Sendable {
    public let number: UInt64
    /// In that segment's file; nil where the whole is meant.
    public let offset: Int?
    public let found: String
    public let allowed: String

    public var description: String {
        (offset.map { "at byte \($0): " } ?? "") + "found \(found); allowed \(allowed)"
    }
}

/// Takes the segments of a journal in order, and says of each what is wrong with it.
public struct JournalChain: Sendable {
    private var previous: SegmentSummary?

    public init() {}

    /// The next segment, which carries this number in its name, or why its header cannot be read.
    public mutating func take(
        _ number: UInt64, _ summary: Result<SegmentSummary, SegmentRefusal>
    ) -> [ChainFault] {
        var faults: [ChainFault] = []
        let segment: SegmentSummary
        switch summary {
        case .success(let summary): segment = summary
        case .failure(let refusal):
            previous = nil
            return [
                ChainFault(
                    number: number, offset: refusal.offset, found: refusal.found, allowed: refusal.allowed)
            ]
        }
        let header = segment.header
        if header.number != number {
            faults.append(
                ChainFault(number: number, offset: 16, found: "number \(header.number)", allowed: "\(number)")
            )
        }
        if let previous, !header.followsFailure {
            if header.firstSequence != previous.nextSequence || header.number != previous.header.number + 1 {
                faults.append(
                    ChainFault(
                        number: number, offset: 24,
                        found: "segment \(header.number) with records from \(header.firstSequence)",
                        allowed: "segment \(previous.header.number + 1) with records from "
                            + "\(previous.nextSequence), as the one before it ended there"))
            }
            faults += Self.unfinished(previous)
        } else if let previous, header.firstSequence > previous.nextSequence {
            faults.append(
                ChainFault(
                    number: number, offset: 24, found: "records from \(header.firstSequence)",
                    allowed: "at most \(previous.nextSequence), where the failed one ended"))
        }
        previous = segment
        return faults
    }

    /// After the last one: what is wrong with its end. It may be blank, as it may be written just now.
    public func finish() -> [ChainFault] {
        guard let previous, let damage = previous.damage else { return [] }
        return [Self.fault(previous, damage)]
    }

    private static func unfinished(_ segment: SegmentSummary) -> [ChainFault] {
        if let damage = segment.damage { return [fault(segment, damage)] }
        if case .sealed? = segment.end { return [] }
        return [
            ChainFault(
                number: segment.header.number, offset: segment.goodBytes, found: "no seal",
                allowed: "a seal, as another segment follows")
        ]
    }

    private static func fault(_ segment: SegmentSummary, _ damage: SegmentRefusal) -> ChainFault {
        ChainFault(
            number: segment.header.number, offset: damage.offset, found: damage.found, allowed: damage.allowed
        )
    }
}

// What a keeper outside the database knows of it: under which timeline numbers of batches are taken, and each process's last one.
// A database that was promoted and has them all has lost nothing, and is not audited.

public struct KeptNumbers: Hashable, Sendable {
    /// Nil where nothing was ever kept, or the keeper has forgotten: then nobody knows what a promoted database lacks.
    public var timeline: DatabaseTimeline?
    /// By process, the last batch that it was acknowledged and whose answers may have left.
    public var last: [UInt64: UInt64]

    public init(timeline: DatabaseTimeline?, last: [UInt64: UInt64]) {
        self.timeline = timeline
        self.last = last
    }

    /// What a leader does that finds its database on a timeline, before it believes the numbers.
    public enum Step: Hashable, Sendable {
        /// They are taken under this timeline.
        case believe
        /// The kept timeline is exchanged for this one, so that no number of the former one comes behind the look.
        case exchange(DatabaseTimeline)
        /// This one is kept with the first number: by then the database says itself what its leader has found.
        case begin
        /// Numbers are taken under a later one: this database is a copy that the others have left.
        case leave(DatabaseTimeline)
    }

    public func step(on timeline: DatabaseTimeline) -> Step {
        guard let kept = self.timeline else { return .begin }
        if kept == timeline { return .believe }
        return kept.system == timeline.system && kept.line > timeline.line ? .leave(kept) : .exchange(kept)
    }

    /// Whether a database whose processes' last batches are these has all that was acknowledged; nil where nobody knows.
    public func isWhole(_ streams: [UInt64: UInt64]) -> Bool? {
        guard last.allSatisfy({ streams[$0.key, default: 0] >= $0.value }) else { return false }
        return timeline == nil ? nil : true
    }
}

// What a keeper outside the database knows of it: who may have numbers taken, and the last number of each process. A database that was
// promoted and has them all has lost nothing, and is not audited.

/// Under whom numbers are taken: a leader, on its database's timeline. The next one takes its place before it looks, and no number of
/// a former one comes behind that.
public struct NumberFence: Hashable, Sendable {
    public var timeline: DatabaseTimeline
    public var epoch: Epoch
    public var process: UInt64

    public init(timeline: DatabaseTimeline, epoch: Epoch, process: UInt64) {
        self.timeline = timeline
        self.epoch = epoch
        self.process = process
    }

    /// The database of this one is a copy that the other one's has left behind, such as a primary whose keeper was killed.
    public func isLeftBehind(by other: NumberFence) -> Bool {
        other.timeline.system == timeline.system && other.timeline.line > timeline.line
    }
}

public struct KeptNumbers: Hashable, Sendable {
    /// A leader has had all its findings written down once: from then on the numbers are whole.
    public var isSettled: Bool
    /// By process, the last batch that it was acknowledged and whose answers may have left.
    public var last: [UInt64: UInt64]

    public init(isSettled: Bool, last: [UInt64: UInt64]) {
        self.isSettled = isSettled
        self.last = last
    }

    /// Whether a database has all that was acknowledged; nil where nobody knows, as some leader has kept no numbers.
    ///
    /// - Parameters:
    ///   - streams: by process, its last batch that is there.
    ///   - isNumbered: the database says itself that all its leaders have kept numbers since they were settled. Where they are not,
    ///     the keeper has forgotten them.
    public func isWhole(_ streams: [UInt64: UInt64], isNumbered: Bool) -> Bool? {
        guard last.allSatisfy({ streams[$0.key, default: 0] >= $0.value }) else { return false }
        return isNumbered ? isSettled : nil
    }
}

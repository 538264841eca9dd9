// A part of a pod, as one impression of a request describes it: a single slot, or a stretch of time that
// several ads may share.
import Units

/// A structured slot holds one ad; a dynamic part up to `capacity` ads within `totalSeconds`. A hybrid pod has
/// both. Segments follow one another in the order in which they are added.
public struct PodSegment: Sendable {
    public var capacity: Int
    public var minimumSeconds: Int32
    public var maximumSeconds: Int32
    /// For all of its ads together.
    public var totalSeconds: Int32
    public var floors: Floors

    private var required = InlineArray<16, Int32>(repeating: 0)
    public private(set) var requiredCount = 0

    /// A structured slot.
    public static func slot(_ seconds: ClosedRange<Int32>, floors: Floors = .none) -> PodSegment {
        PodSegment(
            capacity: 1, minimumSeconds: seconds.lowerBound, maximumSeconds: seconds.upperBound,
            totalSeconds: seconds.upperBound, floors: floors)
    }

    /// A dynamic part: OpenRTB's `poddur` and `maxseq`, with `minduration` and `maxduration` for each ad.
    public static func dynamic(
        _ seconds: ClosedRange<Int32>, total: Int32, capacity: Int, floors: Floors = .none
    ) -> PodSegment {
        PodSegment(
            capacity: max(0, capacity), minimumSeconds: seconds.lowerBound,
            maximumSeconds: min(seconds.upperBound, total), totalSeconds: total, floors: floors)
    }

    /// Allows only durations that are listed: `rqddurs`. False where there is no room for another.
    public mutating func require(seconds: Int32) -> Bool {
        guard requiredCount < PodLimits.durations else { return false }
        required[requiredCount] = seconds
        requiredCount += 1
        return true
    }

    /// The durations that are listed; none where any within the range will do. Allocates.
    public var requiredSeconds: [Int32] { (0..<requiredCount).map { required[$0] } }

    /// Whether an ad of this duration may stand here alone.
    public func allows(seconds: Int32) -> Bool {
        guard seconds > 0, seconds <= totalSeconds else { return false }
        guard requiredCount > 0 else { return minimumSeconds <= seconds && seconds <= maximumSeconds }
        for i in 0..<requiredCount where required[i] == seconds { return true }
        return false
    }
}

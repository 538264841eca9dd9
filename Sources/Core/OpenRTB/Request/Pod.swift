// Pods: the imps of a request as breaks of ads, each with the slots that an auction has to fill. Every imp belongs to
// exactly one pod, so that an auction needs to know nothing but pods.
public import Units

/// A break of ads. Its slots stand in the order of the request's imps.
public struct Pod: Sendable, BitwiseCopyable {
    public enum Kind: UInt8, Sendable, BitwiseCopyable {
        /// An imp that is no part of a break: one place, with a slot for each medium that may fill it.
        case single
        /// Each slot holds one ad.
        case structured
        /// One ad after the other, as many as fit.
        case dynamic
        /// Slots of both kinds.
        case hybrid
    }

    public var kind = Kind.single
    /// Empty for an imp that names no pod.
    public var id = Text.empty
    /// Video and audio have names of their own: one id in both is two pods.
    var media = PodSlot.Media.video
    /// One of `PodSequence`, or a later value.
    public var sequence: Int32 = 0
    public var slots = Run<PodSlot>()
    /// What must not be repeated in the pod: values of `PodDeduplication`.
    public var dedupe = Run<Int32>()

    init() {}
}

/// One place of a pod: for one ad, or for several one after the other where it is dynamic.
public struct PodSlot: Sendable, BitwiseCopyable {
    public enum Media: UInt8, Sendable, BitwiseCopyable { case video, audio, banner, native }

    /// Which of the request's imps.
    public var imp: Int32 = 0
    /// Of an imp in a break, the richest of what it offers.
    public var media = Media.video
    /// The place that the seller guarantees, one of `SlotInPod`.
    public var position: Int32 = 0
    public var isDynamic = false
    /// What one ad may last. Without a word from the seller: from nothing up to what the slot holds.
    public var minSeconds: Int32 = 0
    public var maxSeconds: Int32 = 0
    /// Where there are any, an ad lasts exactly one of these.
    public var exactSeconds = Run<Int32>()
    /// What all ads in the slot may last together.
    public var totalSeconds: Int32 = 0
    /// How many ads the slot holds at most: one, unless it is dynamic.
    public var maxAds: Int32 = 1
    public var floor = Micros.zero
    public var floorPerSecond = Micros.zero
    public var durationFloors = Run<DurationFloor>()

    init() {}

    /// Video, audio and banner: an imp that offers all three has a slot of each.
    static let mediaOfOneImp = 3

    /// More ads than this are not put into one dynamic slot where the seller sets no limit: a quarter of an
    /// hour of ads of 15 seconds, longer than any break.
    public static let mostAds: Int32 = 60

    /// What an ad in a dynamic slot usually lasts, where the seller does not say how many there are to be.
    private static let usualSeconds: Int32 = 15

    /// About how many ads it is filled with.
    public var adsExpected: Int32 {
        isDynamic ? max(min(maxAds, totalSeconds / Self.usualSeconds), 1) : 1
    }
}

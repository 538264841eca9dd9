// The bounds of a pod problem, each with its reason. They make every size of the solver a constant.
public import Units

public enum PodLimits {
    /// One machine word: every set of candidates is an integer, and every rule among them an `and`. Who has
    /// more keeps the most valuable.
    public static let candidates = 64
    /// A break of four minutes in spots of fifteen seconds.
    public static let positions = 16
    /// Structured slots and dynamic parts of one pod.
    public static let segments = 16
    /// Durations that a publisher may list for one segment.
    public static let durations = 16
    /// Advertisers that one pod may block by name.
    public static let blockedAdvertisers = 64
    /// Sightings of earlier breaks that are remembered: four breaks of eight ads.
    public static let sightings = 32
    /// A day; longer creatives fit no pod, and sums of durations stay far from 32 bits.
    public static let seconds: Int32 = 86_400
    /// 68,719 units per thousand. With the highest premium, sixteen values add up to less than 2^42, and three
    /// tiers of such sums fit in 128 bits. A higher value counts as this one.
    public static let value = Micros(1 << 36)
    /// A position may be worth up to four times as much, in millionths.
    public static let premium: Int64 = 3_000_000
    /// What a search may take before it settles for a bound: about a hundred microseconds.
    public static let steps = 2_000
}

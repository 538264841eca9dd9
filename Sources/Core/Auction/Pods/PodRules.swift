// What must hold among the ads of a pod, and of all of them.

/// What two ads of one pod must not share: OpenRTB's `poddedupe`, with its numbers.
public struct PodDedupe: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let advertiser = PodDedupe(rawValue: 1)
    public static let category = PodDedupe(rawValue: 2)
    public static let creative = PodDedupe(rawValue: 4)
    public static let mediaFile = PodDedupe(rawValue: 8)

    /// Where a publisher asks for nothing: nobody wants to see an ad, or an advertiser, twice in a break.
    public static let usual: PodDedupe = [.advertiser, .creative]

    /// The setting that OpenRTB gives this number; nil for one that is not known.
    public init?(openRTB number: Int) {
        guard (1...4).contains(number) else { return nil }
        self.init(rawValue: 1 << UInt8(number - 1))
    }
}

/// What becomes of an ad that was seen in an earlier break.
public enum DiversityRule: Hashable, Sendable {
    case ignore
    /// Its value is lowered by so many millionths, once, however often it was seen.
    case penalise(Int64)
    case exclude
}

/// What one viewer saw in earlier breaks of a session: the last of them, as many as there is room for.
public struct PodSession: Sendable {
    private var creatives = InlineArray<32, UInt64>(repeating: 0)
    private var advertisers = InlineArray<32, UInt64>(repeating: 0)
    private var next = 0
    private var count = 0

    public init() {}

    public mutating func saw(creative: UInt64, advertiser: UInt64) {
        creatives[next] = creative
        advertisers[next] = advertiser
        next = (next + 1) % PodLimits.sightings
        count = min(count + 1, PodLimits.sightings)
    }

    func hasSeen(creative: UInt64) -> Bool {
        guard creative != 0 else { return false }
        for i in 0..<count where creatives[i] == creative { return true }
        return false
    }

    func hasSeen(advertiser: UInt64) -> Bool {
        guard advertiser != 0 else { return false }
        for i in 0..<count where advertisers[i] == advertiser { return true }
        return false
    }
}

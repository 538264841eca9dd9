// Values of AdCOM 1.0 that concern breaks of ads.

/// Where in its pod an ad is guaranteed to be.
public enum SlotInPod {
    public static let last: Int32 = -1
    public static let any: Int32 = 0
    public static let first: Int32 = 1
    public static let firstOrLast: Int32 = 2
}

/// Which of the stream's pods it is.
public enum PodSequence {
    public static let last: Int32 = -1
    public static let any: Int32 = 0
    public static let first: Int32 = 1
}

/// What must not be repeated within a pod.
public enum PodDeduplication {
    public static let advertiserDomain: Int32 = 1
    public static let category: Int32 = 2
    public static let creative: Int32 = 3
    public static let mediaFile: Int32 = 4
    public static let nothing: Int32 = 5
}

/// Start delays that are no seconds.
public enum StartDelay {
    public static let preRoll: Int32 = 0
    public static let midRoll: Int32 = -1
    public static let postRoll: Int32 = -2
}

/// Where a video is shown, as `plcmt` says it.
public enum VideoPlacement {
    public static let inStream: Int32 = 1
    public static let accompanyingContent: Int32 = 2
    public static let interstitial: Int32 = 3
    public static let standalone: Int32 = 4
    public static let pause: Int32 = 5
    public static let screensaver: Int32 = 6
    public static let overlay: Int32 = 7
    public static let squeezeback: Int32 = 8
    public static let inScene: Int32 = 9

    /// A video that plays by itself, from its start to its end, is what is shown there.
    public static func playsVideo(_ placement: Int32) -> Bool { placement <= standalone }
}

// A video or an audio opportunity. OpenRTB describes both by nearly the same object, so they are one type
// here; each leaves the other's own fields as they start out.
public import Units

public struct AudioVideo: Sendable, BitwiseCopyable {
    public var mimes = Run<Text>()
    public var minduration: Int32?
    public var maxduration: Int32?
    /// Seconds into the content, or one of `StartDelay`.
    public var startdelay: Int32?
    public var protocols = Run<Int32>()
    public var w: Int32?
    public var h: Int32?

    // Pods: see `Pod`, which makes sense of these.
    public var podid = Text.empty
    public var podseq: Int32 = 0
    public var slotinpod: Int32 = 0
    public var maxseq: Int32?
    public var poddur: Int32?
    public var rqddurs = Run<Int32>()
    public var mincpmpersec = Micros.zero
    public var poddedupe = Run<Int32>()
    public var durfloors = Run<DurationFloor>()

    public var plcmt: Int32?
    /// Deprecated in favour of `plcmt`.
    public var placement: Int32?
    public var linearity: Int32?
    public var skip: Bool?
    public var skipmin: Int32 = 0
    public var skipafter: Int32 = 0
    /// Deprecated in favour of `slotinpod`.
    public var sequence: Int32?
    public var battr = Run<Int32>()
    /// Seconds beyond `maxduration`: 0 none, -1 without limit.
    public var maxextended: Int32 = 0
    public var minbitrate: Int32?
    public var maxbitrate: Int32?
    public var boxingallowed = true
    public var playbackmethod = Run<Int32>()
    public var playbackend: Int32?
    public var delivery = Run<Int32>()
    public var pos: Int32?
    public var companionad = Run<Banner>()
    public var companiontype = Run<Int32>()
    public var api = Run<Int32>()

    // Audio's own.
    public var feed: Int32?
    public var stitched: Bool?
    public var nvol: Int32?

    public var ext = Text.empty

    init() {}

    /// Whether the number of ads and their lengths are the buyer's to choose within `poddur`.
    public var isDynamic: Bool { poddur != nil }

    /// It is no part of a break.
    var isAlone: Bool { podid.isEmpty && !isDynamic }
}

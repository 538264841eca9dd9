// What is offered: impressions, with the formats, floors and deals under which each may be bought. Fields are
// called what OpenRTB 2.6 calls them.
public import Units

/// One impression.
public struct Imp: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var banner: Banner?
    public var video: AudioVideo?
    public var audio: AudioVideo?
    /// The native object as it stands in the request.
    public var native = Text.empty
    public var privateAuction = false
    public var deals = Run<Deal>()
    public var instl = false
    public var tagid = Text.empty
    /// For a thousand impressions.
    public var bidfloor = Micros.zero
    /// Of this imp's floors, also those of its video and audio; a deal has its own.
    public var bidfloorcur = CurrencyCode.usd
    public var secure: Bool?
    public var rwdd = false
    public var ssai: Int32 = 0
    /// Seconds that may pass between the auction and the impression.
    public var exp: Int32?
    /// The object as it stands in the request, for rules that name something in it.
    public var ext = Text.empty
    /// Which of the request's pods this imp belongs to.
    public internal(set) var pod: Int32 = 0

    init() {}
}

public struct Banner: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var format = Run<Format>()
    public var w: Int32?
    public var h: Int32?
    public var btype = Run<Int32>()
    public var battr = Run<Int32>()
    public var pos: Int32?
    public var mimes = Run<Text>()
    public var topframe: Bool?
    public var expdir = Run<Int32>()
    public var api = Run<Int32>()
    public var vcm: Int32?
    public var ext = Text.empty

    init() {}
}

/// A size that a banner may have: fixed, or as a ratio from some width up.
public struct Format: Sendable, BitwiseCopyable {
    public var w: Int32?
    public var h: Int32?
    public var wratio: Int32?
    public var hratio: Int32?
    public var wmin: Int32?

    init() {}
}

public struct Deal: Sendable, BitwiseCopyable {
    public var id = Text.empty
    public var bidfloor = Micros.zero
    /// Not the imp's: a deal that names none is in dollars.
    public var bidfloorcur = CurrencyCode.usd
    /// In place of the request's own auction type.
    public var at: Int32?
    public var wseat = Run<Text>()
    public var wadomain = Run<Text>()
    public var guar = false
    /// The least price for each second of the ad.
    public var mincpmpersec = Micros.zero
    public var durfloors = Run<DurationFloor>()
    public var ext = Text.empty

    init() {}
}

/// The floor for ads whose seconds are in a range.
public struct DurationFloor: Sendable, BitwiseCopyable {
    public var mindur: Int32 = 0
    public var maxdur = Int32.max
    public var bidfloor = Micros.zero

    init() {}
}

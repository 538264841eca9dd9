// Which notices were counted: each ad's events as bits, for as long as its token lives. Exact as long as there is
// room; where there is none, what is new is not counted, and says so: nothing is ever counted twice.
public import Units

/// Whether a notice counts.
public enum NoticeVerdict: UInt8, CaseIterable, Sendable {
    case first, duplicate
    /// There is no room to remember it, so that nobody could tell a second one.
    case full
}

/// A table whose size is fixed. Each ad has two places of eight rows where it may stand: with two, nearly all of
/// the table is in use before one ad finds both of its places full.
@safe public struct NoticeMemory: ~Copyable, @unchecked Sendable {
    /// What an ad takes.
    public static let rowBytes = MemoryLayout<Row>.stride
    private static let rowsOfPlace = 8

    struct Row {
        var session: UInt64 = 0
        /// Sequence, shard and ad.
        var ad: UInt64 = 0
        /// In seconds; 0 where the row is free.
        var expires: UInt32 = 0
        var seen: UInt16 = 0
    }

    private let rows: UnsafeMutablePointer<Row>
    private let places: Int
    /// Rows in use, those included whose time is over and which nothing has taken yet.
    public private(set) var used = 0

    public var capacity: Int { places * Self.rowsOfPlace }

    /// Room for at least so many ads.
    public init(ads: Int) {
        precondition(ads > 0, "a memory needs room")
        var places = 1
        while places * Self.rowsOfPlace < ads { places *= 2 }
        self.places = places
        unsafe rows = .allocate(capacity: places * Self.rowsOfPlace)
        unsafe rows.initialize(repeating: Row(), count: places * Self.rowsOfPlace)
    }

    deinit { unsafe rows.deallocate() }

    /// Counts an event of an ad.
    public mutating func count(_ event: NoticeEvent, of notice: Notice, at now: Instant) -> NoticeVerdict {
        guard let row = row(of: notice, at: now) else { return .full }
        let seen = unsafe rows[row].seen
        guard seen & event.bit == 0 else { return .duplicate }
        unsafe rows[row].seen = seen | event.bit
        return .first
    }

    /// Whether an event of an ad was counted, without making a row for it.
    public func knows(_ event: NoticeEvent, of notice: Notice, at now: Instant) -> Bool {
        let (session, ad) = (Self.session(notice), Self.ad(notice))
        let seconds = max(1, UInt32(clamping: now.nanoseconds / 1_000_000_000))
        let (first, second) = placesOf(session, ad)
        let row =
            look(in: first, for: session, ad, at: seconds).found
            ?? look(in: second, for: session, ad, at: seconds).found
        return row.map { unsafe rows[$0].seen & event.bit != 0 } ?? false
    }

    /// Where nobody counts money there is no session, and the decision's own number stands for it.
    private static func session(_ notice: Notice) -> UInt64 {
        notice.session == 0 ? notice.decision : notice.session
    }

    private static func ad(_ notice: Notice) -> UInt64 {
        notice.sequence << 16 | UInt64(notice.shard) << 8 | UInt64(notice.ad)
    }

    /// The first rows of an ad's two places.
    private func placesOf(_ session: UInt64, _ ad: UInt64) -> (Int, Int) {
        var numbers = SplitMix64(state: session ^ ad)
        let mask = UInt64(places - 1)
        let one = Int(numbers.next() & mask)
        let other = Int(numbers.next() & mask)
        return (one * Self.rowsOfPlace, other * Self.rowsOfPlace)
    }

    /// What stands in one place: the ad's row, or else the first free one and how many are free.
    private struct Look {
        var found: Int?
        var firstFree: Int?
        var free = 0
    }

    private func look(
        in place: Int, for session: UInt64, _ ad: UInt64, at seconds: UInt32
    ) -> Look {
        var look = Look()
        for row in place..<place + Self.rowsOfPlace {
            let one = unsafe rows[row]
            if one.expires != 0, one.session == session, one.ad == ad {
                look.found = row
                return look
            }
            if one.expires < seconds {
                look.free += 1
                if look.firstFree == nil { look.firstFree = row }
            }
        }
        return look
    }

    /// The ad's row, made where it has none; nil where both of its places are full.
    private mutating func row(of notice: Notice, at now: Instant) -> Int? {
        let (session, ad) = (Self.session(notice), Self.ad(notice))
        let seconds = max(1, UInt32(clamping: now.nanoseconds / 1_000_000_000))
        let (first, second) = placesOf(session, ad)
        let one = look(in: first, for: session, ad, at: seconds)
        if let row = one.found { return row }
        let other = look(in: second, for: session, ad, at: seconds)
        if let row = other.found { return row }
        // The emptier of the two: so they fill evenly.
        guard let row = one.free >= other.free ? one.firstFree : other.firstFree else { return nil }
        if unsafe rows[row].expires == 0 { used += 1 }
        // A token lives at least until the second in which it is counted.
        let expires = max(UInt32(clamping: notice.expires.nanoseconds / 1_000_000_000), seconds)
        unsafe rows[row] = Row(session: session, ad: ad, expires: expires, seen: 0)
        return row
    }
}

// An account's money that an issuer elsewhere has granted and the node's holder does not have yet: kept for the time in which
// nobody answers. Nothing of it lies under a mark, so that a closing frees all of it.
internal import Units

/// How much is kept follows from what was spent lately: so many seconds of it. What is more goes back; where the issuer has no
/// more, nothing is asked for ahead.
struct MoneyAhead: Hashable, Sendable {
    /// All that the issuer ever granted, and all of it that went to the holder.
    private(set) var granted = Micros.zero
    private(set) var given = Micros.zero
    /// What went back out of what is kept here.
    private(set) var returned = Micros.zero
    /// The issuer had no more when it was asked last.
    private(set) var isLast = false
    /// The holder could use so much in all.
    private(set) var wanted: Micros?
    private var rate = SpendRate()

    var kept: Micros { granted - given - returned }
    private var missing: Micros { max((wanted ?? given) - given, .zero) }

    /// The holder wants so much; what is kept is given at once.
    mutating func want(_ upTo: Micros) -> Micros? {
        wanted = max(wanted ?? .zero, upTo)
        return give()
    }

    /// The holder gave back, and so wants no more: granted, it would come back again.
    mutating func wantNothing() { wanted = nil }

    /// The issuer answered. Answers what the holder has then in all, and whether it wants in vain.
    mutating func grant(upTo: Micros, isLast: Bool) -> (upTo: Micros, isLast: Bool)? {
        granted = max(granted, upTo)
        self.isLast = isLast
        let more = give()
        guard wanted != nil, isLast else { return more.map { ($0, false) } }
        wanted = nil
        return (given, true)
    }

    private mutating func give() -> Micros? {
        let gift = min(missing, kept)
        given += gift
        if missing == .zero { wanted = nil }
        return gift > .zero ? given : nil
    }

    /// What to ask the issuer for, in all; nil where there is enough.
    func request(seconds: Int64) -> Micros? {
        let target = isLast ? Micros.zero : self.target(seconds)
        guard missing > kept || kept.rawValue < target.rawValue / 2 else { return nil }
        return granted.adding(missing + target - kept)
    }

    private func target(_ seconds: Int64) -> Micros { rate.spend(of: seconds) }

    /// Some time has passed: what was spent is measured, and what is kept for nothing goes back.
    ///
    /// - Parameter back: what the holder has given back.
    mutating func turn(back: Micros, seconds: Int64, least: Micros, at now: Instant) {
        guard given > .zero, rate.measure(given - back, at: now) else { return }
        let most = (target(seconds) + least) + (target(seconds) + least)
        if kept > most { returned += kept - target(seconds) }
    }

    /// The account is not spent from any more.
    mutating func end() {
        wanted = nil
        returned += kept
    }
}

// Caps, as a decision asks about them: whose impressions are counted, what a cap still leaves, and what the viewer saw
// in earlier breaks. One for each shard.
public import Catalog
public import Units

public struct FrequencyOptions: Sendable {
    /// For what was shown.
    public var bytes = 64 * 1024 * 1024
    /// For what was promised.
    public var holdBytes = 8 * 1024 * 1024
    /// How long a promise counts that nobody reports on.
    public var holdSeconds: UInt32 = 120
    /// An evening's viewing: what was seen for so long counts as seen in an earlier break.
    public var sessionSeconds: UInt32 = 4 * 3_600
    /// Whether a line item with a cap is shown to a viewer by whom it cannot be counted.
    public var showsUncountable = true

    public init() {}
}

/// A cap that does not let a line item be shown.
public struct HeldCap: Hashable, Sendable {
    public enum Reason: UInt8, Hashable, Sendable {
        /// As many as are allowed were shown or promised.
        case reached
        /// So many promises are open that none can be noted any more.
        case promises
        /// The viewer has no key that the cap could count by.
        case uncountable
    }

    public var reason: Reason
    public var cap: FrequencyCapRow
    /// Which of the line item's caps it is.
    public var place: Int
    /// What counts for it, promises included.
    public var count: Int
}

/// What a viewer knows of a creative.
public enum CreativeKnown: UInt8, Sendable {
    case unseen
    /// Another creative of its advertiser was shown in an earlier break.
    case advertiserSeen
    case creativeSeen
    /// It was shown as often as a cap by creative allows.
    case capped
}

public struct FrequencyCounters: ~Copyable {
    /// As many as an answer has ads.
    static let promisesMost = 256

    public let options: FrequencyOptions
    public private(set) var shown: FrequencyTable
    public private(set) var promised: FrequencyHolds

    // The viewer of the request at hand.
    private var user: UInt64 = 0
    private var household: UInt64 = 0
    private var mayJournal = false
    private var now = CountedSecond(rawValue: 0)
    private var ofUser = FrequencyLook()
    private var ofHousehold = FrequencyLook()
    private var promisedToUser = HoldLook()
    private var promisedToHousehold = HoldLook()
    /// What this decision has promised, for the other shards.
    private var promises: FixedTable<FrequencyEvent>
    public private(set) var promiseCount = 0

    public init(_ options: FrequencyOptions = FrequencyOptions()) {
        self.init(options, FrequencyTable(bytes: options.bytes))
    }

    /// Goes on from counters that were read from a journal, of which it takes a copy.
    public init(_ options: FrequencyOptions, from remembered: borrowing FrequencyTable) {
        self.init(options, FrequencyTable(copying: remembered))
    }

    private init(_ options: FrequencyOptions, _ shown: consuming FrequencyTable) {
        self.options = options
        self.shown = shown
        promised = FrequencyHolds(bytes: options.holdBytes)
        promises = FixedTable(
            Self.promisesMost,
            repeating: FrequencyEvent(
                .held, user: 0, household: 0, lineItem: EntityNumber(rawValue: 0),
                creative: EntityNumber(rawValue: 0), advertiser: EntityNumber(rawValue: 0),
                at: CountedSecond(rawValue: 0), until: CountedSecond(rawValue: 0), mayJournal: false))
    }
}

// A decision's questions. They change nothing, and yet are mutating: Swift 6.3 gives other methods a copy of the whole.
extension FrequencyCounters {
    /// Looks a viewer up. Nil is nobody: what may not be counted has no key.
    public mutating func begin(user: UInt64?, household: UInt64?, mayJournal: Bool, at now: Instant) {
        self.user = user ?? 0
        self.household = household ?? 0
        self.mayJournal = mayJournal
        self.now = CountedSecond(now)
        promiseCount = 0
        shown.read(self.user, into: &ofUser)
        shown.read(self.household, into: &ofHousehold)
        promised.read(self.user, at: self.now, into: &promisedToUser)
        promised.read(self.household, at: self.now, into: &promisedToHousehold)
    }

    /// The cap by user or household that does not let a line item be shown; nil where all do.
    @inline(__always)
    public mutating func heldCap(ofLineItem row: Int, _ numbers: EntityNumbers) -> HeldCap? {
        // A cap that holds is forty bytes, of which the usual answer, that none does, should not have to make a copy.
        numbers.hasCaps(lineItem: row) && !isFree(row, numbers) ? search(row, numbers) : nil
    }

    private mutating func isFree(_ row: Int, _ numbers: EntityNumbers) -> Bool {
        let entity = numbers.lineItem(row)
        for place in numbers.caps(ofLineItem: row) where !isFree(numbers.cap(at: place), entity) {
            return false
        }
        return true
    }

    private mutating func search(_ row: Int, _ numbers: EntityNumbers) -> HeldCap? {
        let entity = numbers.lineItem(row)
        let caps = numbers.caps(ofLineItem: row)
        for place in caps {
            if let held = state(of: numbers.cap(at: place), place - caps.lowerBound, entity) { return held }
        }
        return nil
    }

    /// What holds of most caps: the viewer is known and may be promised more, and has neither seen the line item nor been
    /// promised an ad of it.
    @inline(__always)
    private mutating func isFree(_ cap: FrequencyCapRow, _ lineItem: EntityNumber) -> Bool {
        switch cap.subject {
        case FrequencyCapRow.user:
            user != 0 && !promisedToUser.isFull && cap.impressions > 0 && !promisedToUser.mayKnow(lineItem)
                && !ofUser.mayKnow(lineItem)
        case FrequencyCapRow.household:
            household != 0 && !promisedToHousehold.isFull && cap.impressions > 0
                && !promisedToHousehold.mayKnow(lineItem) && !ofHousehold.mayKnow(lineItem)
        default: user != 0 && !promisedToUser.isFull
        }
    }

    private mutating func state(of cap: FrequencyCapRow, _ place: Int, _ lineItem: EntityNumber) -> HeldCap? {
        let isHousehold = cap.subject == FrequencyCapRow.household
        guard (isHousehold ? household : user) != 0 else {
            return options.showsUncountable
                ? nil : HeldCap(reason: .uncountable, cap: cap, place: place, count: 0)
        }
        // A cap by creative is asked about each creative; what none of them could be promised ends here.
        if isHousehold ? promisedToHousehold.isFull : promisedToUser.isFull {
            return HeldCap(reason: .promises, cap: cap, place: place, count: FrequencyHolds.holdsMost)
        }
        let count: Int
        switch cap.subject {
        case FrequencyCapRow.user:
            count =
                ofUser.impressions(of: lineItem, since: start(of: cap))
                + promisedToUser.promises(ofLineItem: lineItem)
        case FrequencyCapRow.household:
            count =
                ofHousehold.impressions(of: lineItem, since: start(of: cap))
                + promisedToHousehold.promises(ofLineItem: lineItem)
        default: return nil
        }
        return count < cap.impressions ? nil : HeldCap(reason: .reached, cap: cap, place: place, count: count)
    }

    private func start(of cap: FrequencyCapRow) -> CountedSecond? {
        cap.windowMinutes.map { now.earlier(by: $0 * 60) }
    }

    /// What the viewer knows of a creative of the line item.
    public mutating func known(
        creative: Int, lineItem: Int, advertiser: Int, _ numbers: EntityNumbers
    ) -> CreativeKnown {
        guard user != 0 else { return .unseen }
        let entity = numbers.creative(creative)
        if numbers.hasCaps(lineItem: lineItem),
            heldCap(ofCreative: entity, lineItem: lineItem, numbers) != nil
        {
            return .capped
        }
        let start = now.earlier(by: options.sessionSeconds)
        if ofUser.impressions(of: entity, since: start) > 0 { return .creativeSeen }
        let others = ofUser.impressions(of: numbers.advertiser(advertiser), since: start)
        return others > 0 ? .advertiserSeen : .unseen
    }

    /// The line item's cap by creative that does not let this one be shown.
    private mutating func heldCap(
        ofCreative entity: EntityNumber, lineItem: Int, _ numbers: EntityNumbers
    ) -> HeldCap? {
        let caps = numbers.caps(ofLineItem: lineItem)
        for place in caps {
            let cap = numbers.cap(at: place)
            guard cap.subject == FrequencyCapRow.creative else { continue }
            let count =
                ofUser.impressions(of: entity, since: start(of: cap))
                + promisedToUser.promises(ofCreative: entity)
            if count >= cap.impressions {
                return HeldCap(reason: .reached, cap: cap, place: place - caps.lowerBound, count: count)
            }
        }
        return nil
    }
}

// What a decision promises.
extension FrequencyCounters {
    /// Promises an ad to the viewer, or says which cap another promise of the same decision has used up. A line item
    /// without caps needs none.
    public mutating func promise(
        creative: Int, lineItem: Int, advertiser: Int, _ numbers: EntityNumbers
    ) -> HeldCap? {
        guard numbers.hasCaps(lineItem: lineItem) else { return nil }
        if let held = heldCap(ofLineItem: lineItem, numbers) { return held }
        let entity = numbers.creative(creative)
        if let held = heldCap(ofCreative: entity, lineItem: lineItem, numbers) { return held }
        guard user != 0 || household != 0, promiseCount < promises.count else { return nil }
        let event = FrequencyEvent(
            .held, user: user, household: hasHouseholdCap(lineItem, numbers) ? household : 0,
            lineItem: numbers.lineItem(lineItem), creative: entity,
            advertiser: numbers.advertiser(advertiser), at: now, until: now.later(by: options.holdSeconds),
            mayJournal: mayJournal)
        promises[promiseCount] = event
        promiseCount += 1
        take(event)
        readPromises()
        return nil
    }

    /// The ad is not in the answer after all.
    public mutating func takeBack(creative: Int, lineItem: Int, _ numbers: EntityNumbers) {
        let (item, entity) = (numbers.lineItem(lineItem), numbers.creative(creative))
        for index in (0..<promiseCount).reversed()
        where promises[index].lineItem == item && promises[index].creative == entity {
            var event = promises[index]
            event.kind = .released
            promiseCount -= 1
            promises[index] = promises[promiseCount]
            take(event)
            readPromises()
            return
        }
    }

    /// What the decision has promised and not taken back, for other shards.
    public func promise(at index: Int) -> FrequencyEvent {
        precondition(index < promiseCount, "there is no such promise")
        return promises[index]
    }

    private mutating func readPromises() {
        promised.read(user, at: now, into: &promisedToUser)
        promised.read(household, at: now, into: &promisedToHousehold)
    }

    private func hasHouseholdCap(_ lineItem: Int, _ numbers: EntityNumbers) -> Bool {
        for place in numbers.caps(ofLineItem: lineItem)
        where numbers.cap(at: place).subject == FrequencyCapRow.household { return true }
        return false
    }

    /// The keys that an impression of the line item is to be counted by, for whoever reports on it: the household's
    /// only where a cap needs it.
    public func keys(ofLineItem row: Int, _ numbers: EntityNumbers) -> (user: UInt64, household: UInt64) {
        (user, numbers.hasCaps(lineItem: row) && hasHouseholdCap(row, numbers) ? household : 0)
    }
}

// What happened, here or elsewhere.
extension FrequencyCounters {
    public mutating func take(_ event: FrequencyEvent) {
        switch event.kind {
        case .held:
            promised.add(event.user, event.lineItem, event.creative, until: event.until, at: event.at)
            promised.add(event.household, event.lineItem, event.creative, until: event.until, at: event.at)
        case .released: takeBack(event)
        case .shown:
            takeBack(event)
            shown.count(event)
        }
    }

    private mutating func takeBack(_ event: FrequencyEvent) {
        promised.remove(event.user, event.lineItem, event.creative)
        promised.remove(event.household, event.lineItem, event.creative)
    }
}

extension FrequencyTable {
    /// Counts an impression for everyone and everything that it is one of.
    public mutating func count(_ event: FrequencyEvent) {
        count(event.user, event.lineItem, at: event.at, mayJournal: event.mayJournal)
        count(event.user, event.creative, at: event.at, mayJournal: event.mayJournal)
        count(event.user, event.advertiser, at: event.at, mayJournal: event.mayJournal)
        count(event.household, event.lineItem, at: event.at, mayJournal: event.mayJournal)
    }
}

extension HeldCap {
    /// `3 of 3 by user in 1440 min`.
    public var sentence: String {
        switch reason {
        case .reached: "\(count) of \(cap.sentence)"
        case .promises:
            "\(count) ads are promised and not reported, so none is for the cap of \(cap.sentence)"
        case .uncountable: "nothing to count the viewer by, for the cap of \(cap.sentence)"
        }
    }
}

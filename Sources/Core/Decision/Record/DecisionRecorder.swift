// What a journal keeps of a decision: what it came to, always; and, of as many as one likes, the request, with which
// it can be made again. What the viewer's permissions do not let be kept is not.
internal import Auction
internal import Catalog
internal import Notices
internal import OpenRTB
public import Units

/// Whether a record has its request. Numbers are given once: journals hold them.
public enum RequestKept: UInt8, CaseIterable, Sendable {
    /// It is not one of the sample.
    case notSampled = 0
    case whole = 1
    /// Without what may not be kept.
    case redacted = 2
    /// It could not be read again to be redacted.
    case unreadable = 3
    case tooLarge = 4

    /// The decision can be made again.
    public var isReplayable: Bool { self == .whole || self == .redacted }
}

/// What a record says beside what the decision knows itself.
public struct RecordedContext: Sendable {
    public var now: Instant
    public var seed: UInt64
    public var format: AnswerFormat
    public var catalog: UInt64
    public var settings: UInt64
    /// Whether this one is of the sample that keeps its request.
    public var keepsRequest: Bool

    public init(
        now: Instant, seed: UInt64, format: AnswerFormat, catalog: UInt64, settings: UInt64,
        keepsRequest: Bool
    ) {
        (self.now, self.seed, self.format) = (now, seed, format)
        (self.catalog, self.settings, self.keepsRequest) = (catalog, settings, keepsRequest)
    }
}

/// Writes one record after the other into memory that it keeps. One for each shard; allocates nothing.
public struct DecisionRecorder: ~Copyable {
    /// The version of the record's form. The sixth has the prices of budgets; what the fifth has besides reads the same.
    public static let version: UInt16 = 6
    /// No release wrote an earlier one.
    public static let readable: ClosedRange<UInt16> = 5...version
    /// Room for the largest request and as much beside it; a journal takes twice that.
    static let bytesMost = 512 * 1024

    var room = DecisionBytes(Self.bytesMost)
    var redactor = RequestRedactor()
    var redacted = DecisionBytes(RequestLimits().bytes)
    private var count = 0

    public init() {}

    /// The last record.
    public var bytes: RawSpan {
        @_lifetime(borrow self) borrowing get { room.first(count) }
    }

    /// Takes in what the decider has just decided.
    public mutating func record(
        _ decision: Decision, of request: RawSpan, by decider: borrowing Decider,
        _ context: borrowing RecordedContext
    ) {
        var kept = RequestKept.notSampled
        var length = 0
        if context.keepsRequest { (kept, length) = keep(request, decision.trace, decider) }
        count = 0
        // What finds no room goes in this order: the request, then the answers.
        count = write(decision, request, decider, context, kept, length, whole: true)
        if count > 0 { return }
        if kept.isReplayable { kept = .tooLarge }
        count = write(decision, request, decider, context, kept, length, whole: true)
        if count > 0 { return }
        count = write(decision, request, decider, context, kept, length, whole: false)
        precondition(count > 0, "a record without request and answers is smaller than its room")
    }

    private mutating func keep(
        _ request: RawSpan, _ trace: borrowing DecisionTrace, _ decider: borrowing Decider
    ) -> (kept: RequestKept, length: Int) {
        let catalog = decider.workspace.snapshot
        let redaction = redactor.redact(request, trace.permissions, into: unsafe redacted.writable()) {
            catalog.targetedValue(.custom, $0) != nil
        }
        return switch redaction {
        case .unchanged: (.whole, 0)
        case .redacted(let length): (.redacted, length)
        case .unreadable: (.unreadable, 0)
        }
    }

    /// How many bytes, or 0 where they do not fit.
    private mutating func write(
        _ decision: Decision, _ request: RawSpan, _ decider: borrowing Decider,
        _ context: borrowing RecordedContext, _ kept: RequestKept, _ length: Int, whole: Bool
    ) -> Int {
        var writer = ByteWriter(unsafe room.writable())
        let isWhole = whole && !decider.workspace.answers.isCut
        writer.put(fixed: context.seed)
        writer.put(fixed: context.now.nanoseconds)
        writer.put(fixed: context.catalog)
        writer.put(fixed: context.settings)
        writer.put(fixed: UInt16(context.format == .vast ? 1 : 0))
        writer.put(fixed: UInt16(truncatingIfNeeded: decision.noBid?.rawValue ?? 0))
        writer.put(fixed: UInt32(truncatingIfNeeded: decision.trace.ads))
        writer.put(fixed: UInt32(truncatingIfNeeded: decision.byteCount))
        writer.put(fixed: CRC32C.checksum(of: decider.answer))
        writer.put(fixed: UInt32(truncatingIfNeeded: decision.trace.lineItems))
        writer.put(fixed: UInt16(kept.rawValue))
        writer.put(fixed: RecordFlags(isCut: !isWhole, isTest: decision.isTest).rawValue)
        writer.put(decision.trace.permissions, decider.workspace.viewer)
        decider.workspace.putPlaces(decision.trace.permissions, &writer)
        writer.put(decision.trace)
        decider.workspace.putAds(&writer, seals: decider.workspace.namesViewer(decision.trace.permissions))
        if isWhole { writer.put(decider.workspace.answers) } else { writer.put(small: 0) }
        decider.workspace.scoring.put(&writer, whole: kept.isReplayable)
        switch kept {
        case .whole: writer.put(counted: request)
        case .redacted: writer.put(counted: redacted.first(length))
        case .notSampled, .unreadable, .tooLarge: break
        }
        return writer.fits ? writer.count : 0
    }
}

extension ByteWriter {
    @_lifetime(self: copy self)
    fileprivate mutating func put(_ permissions: Permissions, _ viewer: ViewerKeys) {
        let words = permissions.words
        put(fixed: words.0)
        put(fixed: words.1)
        guard permissions.allows(.journaling) else { return put(small: 0) }
        put(
            small: (viewer.user == nil ? 0 : 1) + (viewer.household == nil ? 0 : 2)
                + (viewer.mayJournal ? 4 : 0))
        if let user = viewer.user { put(fixed: user) }
        if let household = viewer.household { put(fixed: household) }
    }

    @_lifetime(self: copy self)
    fileprivate mutating func put(_ trace: borrowing DecisionTrace) {
        put(small: trace.retrieved)
        put(small: trace.candidates)
        put(small: trace.pods)
        put(small: trace.steps)
        put(small: trace.slotsLeftOut)
        put(small: trace.podsUnproven)
        // Seen as a span: each look at the array itself would copy it.
        let counts = trace.counts.span
        var kinds = 0
        for index in counts.indices where counts[index] > 0 { kinds += 1 }
        put(small: kinds)
        for index in counts.indices where counts[index] > 0 {
            put(UInt8(truncatingIfNeeded: index))
            put(small: counts[index])
        }
    }

    /// Each list as how many there are and, for each, how many questions were passed over since the last.
    @_lifetime(self: copy self)
    fileprivate mutating func put(_ answers: borrowing StateAnswers) {
        // Most decisions ask no price.
        let hasPrices = answers.prices.count > 0 || answers.leastPrice != .one
        put(small: hasPrices ? 2 : 1)
        put(answers.refusals)
        put(answers.standings)
        put(small: answers.reservations.count)
        for index in 0..<answers.reservations.count {
            switch answers.reservations[index] {
            case .refused(let refusal): put(refusal.rawValue)
            case .reserved(let reservation):
                put(UInt8(0))
                put(reservation)
            }
        }
        put(small: answers.shadings.count)
        var next: UInt32 = 0
        for index in 0..<answers.shadings.count {
            let noted = answers.shadings[index]
            put(small: UInt64(noted.question &- next))
            put(fixed: noted.bid.price.rawValue)
            // One more than the chance, and 0 for none.
            put(small: noted.bid.winChance.map { Int($0) + 1 } ?? 0)
            next = noted.question &+ 1
        }
        put(answers.falls)
        // As many as there are refusals by pacing.
        for index in 0..<answers.shares.count { put(fixed: answers.shares[index].rawValue) }
        if hasPrices { putPrices(answers) }
    }

    @_lifetime(self: copy self)
    private mutating func putPrices(_ answers: borrowing StateAnswers) {
        put(fixed: answers.leastPrice.rawValue)
        put(small: answers.prices.count)
        var next: UInt32 = 0
        for index in 0..<answers.prices.count {
            put(small: UInt64(answers.prices[index].question &- next))
            put(fixed: answers.prices[index].price.rawValue)
            next = answers.prices[index].question &+ 1
        }
    }

    @_lifetime(self: copy self)
    private mutating func put(_ noted: borrowing DecisionTable<NotedAnswer>) {
        put(small: noted.count)
        var next: UInt32 = 0
        for index in 0..<noted.count {
            put(small: UInt64(noted[index].question &- next))
            put(noted[index].code)
            next = noted[index].question &+ 1
        }
    }

    @_lifetime(self: copy self)
    fileprivate mutating func put(_ reservation: Reservation) {
        put(fixed: reservation.session)
        put(fixed: reservation.sequence)
        put(fixed: reservation.mark)
        put(small: UInt64(reservation.window))
        put(small: UInt64(reservation.seconds))
    }
}

extension DecisionWorkspace {
    /// Whether the tokens of the answer's ads name a viewer whom the record does not.
    fileprivate func namesViewer(_ permissions: Permissions) -> Bool {
        !permissions.allows(.journaling) && settings.notices?.key != nil && viewer != ViewerKeys()
    }

    /// Where the viewer was may decide, and not be kept: what the catalog made of it stands for it, one more than how
    /// many values it has and then these. 0 where the request says it.
    @_lifetime(writer: copy writer)
    fileprivate func putPlaces(_ permissions: Permissions, _ writer: inout ByteWriter) {
        guard !permissions.allows(.journaling), permissions.allows(.preciseLocation) else {
            return writer.put(small: 0)
        }
        writer.put(small: places.count + 1)
        for index in places { writer.put(fixed: query.value(at: index)) }
    }

    /// The ads of the answer, in rows of the catalog.
    ///
    /// - Parameter seals: with whom their tokens name, as it stands in them: what players and exchanges are given too,
    ///   and what only the key of the tokens can open.
    @_lifetime(writer: copy writer)
    fileprivate func putAds(_ writer: inout ByteWriter, seals: Bool) {
        var written = 0
        for index in 0..<wins.count where wins[index].isWritten { written += 1 }
        writer.put(small: written)
        writer.put(small: seals ? 1 : 0)
        for index in 0..<wins.count where wins[index].isWritten {
            let win = wins[index]
            writer.put(small: index)
            writer.put(small: win.candidate.lineItem)
            writer.put(small: win.candidate.creative)
            writer.put(small: win.imp)
            writer.put(small: win.pod)
            writer.put(fixed: win.sale.price.rawValue)
            writer.put(fixed: win.sale.bid.rawValue)
            writer.put(fixed: win.sale.floor.rawValue)
            writer.put(win.sale.basis.rawValue)
            writer.put(fixed: win.candidate.value.rawValue)
            writer.put(small: Int(win.candidate.seconds))
            writer.put(win.candidate.tier.rawValue)
            writer.put(UInt8(win.candidate.deal == nil ? 0 : 1))
            writer.put(win.reservation)
            if seals {
                writer.put(fixed: win.sealedViewer.user)
                writer.put(fixed: win.sealedViewer.household)
            }
        }
    }
}

// What must hold of a whole decision for any bytes. The first byte says which catalog and settings, which format, whether
// budgets and caps refuse, and whether the way is explained; the rest is the request. It is decided twice, by deciders
// that have decided different things before, and the answer is read by other code than wrote it.
import Auction
import Catalog
import Decision
import OpenRTB
import Units

public enum DecideInvariants {
    static let inputBytesMax = 16_384

    private struct Deciders: ~Copyable {
        let lineItems: Int
        var first: Decider
        /// Sees only every other request, and keeps no markup, so that what one leaves behind is not left behind here.
        var second: Decider

        init(_ snapshot: CatalogSnapshot, _ settings: DecisionSettings = FuzzCatalogs.settings) {
            lineItems = snapshot.lineItemCount
            let index = DecisionIndex(snapshot, settings)
            first = Decider(index, settings: settings)
            second = Decider(index, settings: settings, keptMarkupBytes: 0)
        }
    }

    private nonisolated(unsafe) static var demo = Deciders(FuzzCatalogs.demo)
    private nonisolated(unsafe) static var generated = Deciders(FuzzCatalogs.generated)
    private nonisolated(unsafe) static var kinds = Deciders(FuzzCatalogs.kinds)
    private nonisolated(unsafe) static var furtherKinds = Deciders(
        FuzzCatalogs.kinds, FuzzCatalogs.furtherSettings)
    private nonisolated(unsafe) static var reader = BidRequestReader()

    /// What is broken by this input, or nil.
    public static func violation(_ input: UnsafeRawBufferPointer) -> String? {
        guard let mode = input.first, input.count <= inputBytesMax else { return nil }
        // A block of exactly this size: the address sanitizer sees a byte read beyond it.
        let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: input.count - 1, alignment: 1)
        defer { exact.deallocate() }
        exact.copyMemory(from: UnsafeRawBufferPointer(rebasing: input[1...]))
        let bytes = UnsafeRawBufferPointer(exact).bytes
        return switch (mode & 16 != 0, mode & 1 != 0) {
        case (false, false): check(bytes, mode, &demo)
        case (false, true): check(bytes, mode, &generated)
        case (true, false): check(bytes, mode, &kinds)
        case (true, true): check(bytes, mode, &furtherKinds)
        }
    }

    private static func check(_ bytes: RawSpan, _ mode: UInt8, _ deciders: inout Deciders) -> String? {
        let format: AnswerFormat = mode & 2 == 0 ? .openrtb : .vast
        let seed = UInt64(mode) << 32 | UInt64(bytes.byteCount)
        var state = RefusingState(seed: mode & 4 == 0 ? nil : seed)
        let decision: Decision
        do throws(OpenRTBError) {
            decision = try deciders.first.decide(
                bytes, at: FuzzCatalogs.now, seed: seed, format: format, state: &state,
                explains: mode & 8 != 0)
        } catch {
            guard !error.found.isEmpty, error.offset >= 0, error.offset <= bytes.byteCount else {
                return "refused without a reason: \(error)"
            }
            return nil
        }
        let trace = decision.trace
        guard trace.accounted == deciders.lineItems else { return "\(trace.accounted) line items" }
        guard decision.isBid == (trace.ads > 0) else { return "\(trace.ads) ads in a bid or no-bid" }
        // For the ads of a test request nothing is put aside.
        guard state.open == (decision.isTest ? 0 : trace.ads), state.wrong == nil else {
            return state.wrong ?? "\(state.open) reservations"
        }
        if let report = deciders.first.report {
            let sum = report.funnel.reduce(0) { $0 + $1.lineItems }
            guard sum == deciders.lineItems, report.lineItems.count == sum else {
                return "a funnel of \(sum)"
            }
        }
        if let different = again(bytes, mode, format, seed, decision, &deciders) { return different }
        return AnswerLook.violation(bytes, &reader, deciders.first.answer, format, decision)
    }

    /// Decides the same with the other decider.
    private static func again(
        _ bytes: RawSpan, _ mode: UInt8, _ format: AnswerFormat, _ seed: UInt64, _ decision: Decision,
        _ deciders: inout Deciders
    ) -> String? {
        guard bytes.byteCount.isMultiple(of: 2) else { return nil }
        var state = RefusingState(seed: mode & 4 == 0 ? nil : seed)
        do throws(OpenRTBError) {
            let other = try deciders.second.decide(
                bytes, at: FuzzCatalogs.now, seed: seed, format: format, state: &state)
            guard other.noBid == decision.noBid, other.byteCount == decision.byteCount else {
                return "decided otherwise: \(decision) and \(other)"
            }
        } catch { return "accepted and then refused: \(error)" }
        let (one, other) = (deciders.first.answer, deciders.second.answer)
        for at in 0..<one.byteCount
        where one.unsafeLoad(fromByteOffset: at, as: UInt8.self)
            != other.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        {
            return "another answer from byte \(at) on"
        }
        return nil
    }
}

/// Answers by a hash of what is asked: the same question always has the same answer.
struct RefusingState: DecisionState {
    let seed: UInt64?
    private(set) var open = 0
    private(set) var wrong: String?
    private var next: UInt64 = 0

    init(seed: UInt64?) { self.seed = seed }

    private func chance(_ question: Int, _ kind: UInt64) -> Int? {
        guard let seed else { return nil }
        var numbers = SplitMix64(state: seed ^ UInt64(question) << 8 ^ kind)
        return Int(numbers.next() % 16)
    }

    mutating func begin(_ viewer: ViewerKeys, at now: Instant) {}

    mutating func refusal(ofLineItem lineItem: Int, campaign: Int) -> StateRefusal? {
        chance(lineItem, 1).flatMap { StateRefusal(rawValue: UInt8($0)) }
    }

    mutating func standing(ofCreative creative: Int, lineItem: Int, advertiser: Int) -> CreativeStanding {
        chance(creative, 2).flatMap { CreativeStanding(rawValue: UInt8($0)) } ?? .unseen
    }

    /// Prices that no memory would give are among them: the decision is to hold to its bounds by itself.
    mutating func shade(_ bid: BidToShade) -> ShadedBid {
        if bid.value <= .zero || bid.floor < .zero { wrong = "to shade: \(bid)" }
        let price =
            switch chance(bid.lineItem, 4) {
            case nil: Micros(bid.value.rawValue / 4 * 3)
            case 0: Micros.zero
            case 1: Micros.max
            case let chance?: Micros(bid.value.rawValue / 16 * Int64(chance))
            }
        return ShadedBid(price: price, winChance: 500_000)
    }

    mutating func reserve(_ ad: AdToReserve) -> ReservationAnswer {
        if ad.most <= .zero || ad.price <= .zero { wrong = "set aside: \(ad)" }
        if let chance = chance(ad.creative, 3), chance < 4 { return .refused(.budget) }
        open += 1
        next += 1
        return .reserved(Reservation(session: 1, sequence: next, mark: 1, window: 0, seconds: 60))
    }

    mutating func release(_ reservation: Reservation) {
        if reservation.sequence == 0 || reservation.sequence > next { wrong = "released: \(reservation)" }
        open -= 1
    }
}

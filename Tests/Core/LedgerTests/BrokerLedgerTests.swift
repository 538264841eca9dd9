// A broker's session with the root, event by event: what it keeps, and what goes back.
import Ledger
import Testing
import Units

@Suite struct BrokerLedgerTests {
    private let account = AccountIndex(0)
    private let node = LedgerSession(77)

    /// A broker with a lease of a minute, and a node session that the root knows.
    private struct Desk {
        var ledger: BrokerLedger
        var effects: [BrokerEffect] = []
        var now = Instant(nanoseconds: 1_000_000_000_000)

        init(_ node: LedgerSession) {
            ledger = BrokerLedger(
                session: LedgerSession(7), accounts: [.init(currency: .usd, highest: Micros(10))],
                chain: RenewalChain(nonce: 0, firstID: 1),
                limits: BrokerLimits(window: .seconds(20), reserve: .zero, idle: .seconds(3)))
            tell(.turned(wall: now))
            for case .renew(let request) in effects {
                ledger.handle(.renewed(request: request.id, for: .seconds(60), next: 1), at: now, &effects)
            }
            tell(.nodeOpened(node, HolderNumber(1)))
            tell(.registered(node, timeline: 1))
        }

        mutating func tell(_ event: BrokerEvent) {
            effects.removeAll()
            ledger.handle(event, at: now, &effects)
        }

        /// The seconds after which all of it has gone back; nil where it has not.
        mutating func secondsToGiveBack(_ sum: Micros, within most: Int) -> Int? {
            for second in 1...most {
                now = now + .seconds(1)
                tell(.turned(wall: now))
                if effects.contains(.giveBack(AccountIndex(0), sum)) { return second }
            }
            return nil
        }
    }

    /// More was wanted than the root had; who wanted it has gone, and what there was lies idle.
    @Test func whatWasWantedInVainKeepsNothing() {
        var desk = Desk(node)
        desk.tell(.nodeRequested(node, account, upTo: Micros(1_000)))
        #expect(desk.effects.contains(.request(account, upTo: Micros(1_000))))
        desk.tell(.granted(account, upTo: Micros(600), isLast: true, timeline: 1))
        desk.tell(.nodeRequested(node, account, upTo: Micros(1_000)))
        #expect(desk.effects.contains(.grant(node, account, upTo: Micros(600), isLast: true)))
        desk.tell(.nodeReturned(node, account, Micros(600)))
        // What is wanted is kept as long as idle money is, and then is idle itself.
        let seconds = desk.secondsToGiveBack(Micros(600), within: 20)
        #expect(seconds.map { (6...10).contains($0) } == true, "\(seconds ?? 0)")
    }

    /// As long as somebody asks, what comes back is for him.
    @Test func whatIsWantedIsKept() {
        var desk = Desk(node)
        desk.tell(.granted(account, upTo: Micros(600), isLast: true, timeline: 1))
        for _ in 0..<10 {
            desk.tell(.nodeRequested(node, account, upTo: Micros(1_000)))
            let seconds = desk.secondsToGiveBack(Micros(600), within: 1)
            #expect(seconds == nil)
        }
    }
}

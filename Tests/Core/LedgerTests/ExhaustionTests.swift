// Where a budget is nearly spent, holder and issuer come to an end of what they have to say to each other.
import Testing
import Units

@testable import Ledger

@Suite struct ExhaustionTests {
    /// An issuer and a holder that tell each other everything at once, as on the node's own thread.
    private struct Pair {
        var issuer = LocalIssuer(LedgerOpening(), session: LedgerSession(1), lease: .seconds(600))
        var holder = Holder(session: LedgerSession(1), shards: 2)
        var steps = 0
        var allowed: [Int: Micros] = [:]
        private var issuerEffects: [IssuerEffect] = []
        private var holderEffects: [HolderEffect] = []
        let now = Instant(nanoseconds: 1_000_000_000_000)

        /// Far more than any exchange of words needs.
        static let stepsMost = 1_000

        mutating func tellIssuer(_ event: IssuerEvent) {
            steps += 1
            guard steps < Self.stepsMost else { return }
            issuer.handle(event, at: now, &issuerEffects)
            let effects = issuerEffects
            issuerEffects.removeAll()
            for effect in effects {
                switch effect {
                case .open(let account, let name, let highest):
                    tellHolder(.opened(account, name, highest: highest))
                case .close(let account): tellHolder(.closed(account))
                case .grant(let account, let upTo, let isLast):
                    tellHolder(.granted(account, upTo: upTo, isLast: isLast))
                case .lease(let sentAt, let length): tellHolder(.leased(sentAt: sentAt, for: length))
                // Of an issuer on another machine.
                case .bill: break
                }
            }
        }

        mutating func tellHolder(_ event: HolderEvent) {
            steps += 1
            guard steps < Self.stepsMost else { return }
            holder.handle(event, at: now, &holderEffects)
            let effects = holderEffects
            holderEffects.removeAll()
            for effect in effects {
                switch effect {
                case .allow(let shard, _, let upTo, _): allowed[shard] = upTo
                case .request(let account, let upTo): tellIssuer(.requested(account, upTo: upTo))
                case .report(let report): tellIssuer(.reported(report))
                case .renew(let sentAt): tellIssuer(.renewalAsked(sentAt: sentAt))
                case .open, .close, .moveFence, .lowerFence, .recall: break
                }
            }
        }

        mutating func report(_ shard: Int, settled: Int64, givenBack: Int64) {
            var report = ShardReport()
            report.settled = Micros(settled)
            report.givenBack = Micros(givenBack)
            tellHolder(.reported(shard: shard, report))
        }
    }

    @Test func whatIsReturnedIsNotGrantedAgainUnasked() {
        var pair = Pair()
        pair.tellIssuer(
            .termsChanged([
                CampaignTerms(
                    campaign: "a", lifetime: Micros(100), daily: nil, dayStartsAtMinutes: 0,
                    highest: Micros(10))
            ]))
        let account = AccountIndex(0)
        // Far more than there is, of which a little comes back.
        pair.tellHolder(.asked(shard: 0, account, upTo: Micros(1_000_000)))
        #expect(pair.allowed[0] == Micros(100))
        pair.report(0, settled: 85, givenBack: 15)
        #expect(pair.steps < Pair.stepsMost, "the two never end")
        let free = pair.issuer.money()[0].lifetime
        #expect(free.free == Micros(15) && free.settled == Micros(85) && free.granted == .zero)
        // Whoever asks anew gets it, also where less is asked for than was asked before.
        pair.tellHolder(.asked(shard: 1, account, upTo: Micros(10)))
        #expect(pair.allowed[1] == Micros(10) && pair.steps < Pair.stepsMost)
    }
}

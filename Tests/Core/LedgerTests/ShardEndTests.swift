// The end of a shard: what it was given and has not heard of goes back with the rest.
import Testing
import Units

@testable import Ledger

@Suite struct ShardEndTests {
    private let now = Instant(nanoseconds: 1_000_000_000_000)
    private let account = AccountIndex(0)

    /// A holder that was granted a thousand; its first shard has heard of three hundred, and more was on its way to it.
    private func returned(afterEndOf ended: [Int]) -> Micros {
        var holder = Holder(session: LedgerSession(1), shards: 2)
        var effects: [HolderEffect] = []
        func tell(_ event: HolderEvent) { holder.handle(event, at: now, &effects) }
        tell(.opened(account, AccountName(campaign: "a"), highest: Micros(10)))
        tell(.asked(shard: 0, account, upTo: Micros(300)))
        tell(.granted(account, upTo: Micros(1_000), isLast: false))
        #expect(effects.contains(.allow(shard: 0, account, upTo: Micros(300), isLast: false)))
        tell(.asked(shard: 0, account, upTo: Micros(500)))
        tell(.granted(account, upTo: Micros(1_500), isLast: false))
        #expect(effects.contains(.allow(shard: 0, account, upTo: Micros(500), isLast: false)))
        var report = ShardReport(account: account)
        report.allowance = Micros(300)
        report.settled = Micros(100)
        report.givenBack = Micros(180)
        report.open = Micros(20)
        tell(.reported(shard: 0, report))
        for shard in ended { tell(.ended(shard: shard)) }
        tell(.closed(account))
        return holder.returned(account)
    }

    @Test func whatNeverCameGoesBack() {
        // All but what is settled and what may still be billed.
        #expect(returned(afterEndOf: [0, 1]) == Micros(1_500 - 120))
        // Of a shard that goes on it may be under a mark a moment later.
        #expect(returned(afterEndOf: []) == Micros(1_500 - 120 - 200))
    }

    /// A report says what the shard has heard of, whatever it made of it.
    @Test func aReportSaysWhatWasHeard() {
        var shard = ShardHolder(session: LedgerSession(1), shard: 0)
        var effects: [ShardEffect] = []
        func tell(_ event: ShardEvent) { shard.handle(event, at: now, &effects) }
        tell(.opened(account, highest: Micros(10)))
        tell(.allowed(account, upTo: Micros(300), isLast: false))
        tell(.reportDue)
        tell(.allowed(account, upTo: Micros(400), isLast: false))
        tell(.ended)
        var isReported = shard.isReported
        #expect(!isReported)
        tell(.reportDue)
        isReported = shard.isReported
        #expect(isReported)
        let reports = effects.compactMap { if case .report(let one) = $0 { one.allowance } else { nil } }
        #expect(reports == [Micros(400)])
    }
}

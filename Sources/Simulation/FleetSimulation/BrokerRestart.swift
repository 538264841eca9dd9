// What a simulated broker's start makes of its journal: it goes on with the session there, and not from an older copy.
import Ledger
import Units

extension World {
    /// Goes on with the session in its journal, as rows that were written and read.
    func resume(_ index: Int, _ kept: BrokerLedger) {
        let time = brokers[index].clock.now(now)
        var rows = BrokerRows()
        rows.book = kept.book.rows
        rows.accounts = rows.book.accounts.map { row in
            var account = BrokerRows.Account(
                index: row.index, number: row.index, name: Node.names[row.index.row])
            (account.granted, account.returned) = kept.presentation(row.index)
            return account
        }
        let renewal = kept.renewal
        let sentAt = has(.resumedRenewalCountsAnew) ? renewal.sentAt.map { _ in time } : renewal.sentAt
        let session = BrokerRows.Session(
            session: kept.session, nonce: renewal.nonce, request: renewal.id, sentAt: sentAt,
            fence: kept.lease.fence, boot: 1,
            wallAhead: has(.resumedOnAStoppedClock) ? nil : kept.lease.wallAhead)
        let isSameClock =
            has(.resumedOnAStoppedClock) && !brokers[index].isRebooted
            || session.isSameClock(
                boot: brokers[index].isRebooted ? 2 : 1, wall: brokers[index].clock.wall(now), at: time,
                tolerance: brokerLimits.clockTolerance)
        // Another one in each start, and no draw of this world's own, which would be another world.
        var ids = SplitMix64(state: kept.session.rawValue << 16 ^ UInt64(brokers[index].generation))
        do throws(BookFault) {
            brokers[index].ledger = try BrokerLedger(
                resuming: rows, of: session, isSameClock: isSameClock, firstID: ids.next() | 1,
                limits: brokerLimits,
                rules: rules, at: time)
        } catch {
            return violate("1: broker \(index) cannot go on from its rows: \(error)")
        }
        if !isSameClock { brokers[index].openedAt = now }
        coverage.note(.resumed)
        checkBrokerFence(index)
        checkKnown(index, database.primary)
        note("broker \(index) goes on with session \(kept.session.rawValue)")
        tellBroker(index, .presented(timeline: brokers[index].presentedTo))
    }

    /// The process ends, and somebody puts an older copy of its journal back. False where there is none.
    func restoreBroker(_ index: Int) -> Bool {
        guard let copy = brokers[index].copy else { return false }
        crashBroker(index)
        brokers[index].kept = copy.ledger
        brokers[index].epochs = copy.epochs
        brokers[index].copy = nil
        brokers[index].isRestored = true
        return true
    }

    /// A start does not go on from an older copy: what it says is free may be with nodes. It begins with nothing, and what it
    /// was promised operators read in etcd.
    func foundRestoredBroker(_ index: Int) {
        note("broker \(index) finds an older copy of its journal")
        brokers[index].isRestored = false
        guard !has(.restoredBrokerTrusted) else { return }
        brokers[index].kept = nil
        brokers[index].epochs = []
        brokers[index].hasForgotten = true
    }
}

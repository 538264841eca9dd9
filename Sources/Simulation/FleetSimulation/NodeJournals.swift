// How what a simulated node writes comes to its disk, a journal for each shard, and from there into what it knows.
import Ledger
import Units

extension World {
    // MARK: The journal

    func synchronise(_ index: Int) {
        for shard in nodes[index].disks.indices { synchronise(index, shard) }
    }

    private func synchronise(_ index: Int, _ shard: Int) {
        let disk = nodes[index].disks[shard]
        guard nodes[index].isUp, !disk.isSyncing, disk.durable < disk.count else { return }
        nodes[index].disks[shard].isSyncing = true
        var took = Int64(random.next(in: ranges.syncMicroseconds)) * 1_000
        if nodes[index].slowUntil > now {
            took += Int64(random.next(in: ranges.slowMilliseconds)) * 1_000_000
        }
        schedule(.synced, firstNode + index, disk.count << Self.shardBits | shard, after: took)
    }

    /// Of a sync's number, the bits that say whose journal it is.
    private static var shardBits: Int { 4 }

    func synced(_ actor: Int, _ value: Int) {
        let index = actor - firstNode
        guard nodes[index].isUp else { return }
        let (shard, count) = (value & (1 << Self.shardBits - 1), value >> Self.shardBits)
        readClocks(index)
        nodes[index].disks[shard].isSyncing = false
        if nodes[index].disks[shard].isFailed {
            nodes[index].disks[shard].isFailed = false
            if has(.fsyncRetried) {
                // The second sync says that all is well; the pages are gone.
                tellDurable(index, shard, count)
                return
            }
            // That journal has ended: the node leaves, and starts anew behind what is known to be there.
            crashNode(index)
            schedule(.start, actor, after: restartDelay())
            return
        }
        if has(.splitLogs), nodes[index].disks[shard].marksDurable == nil {
            nodes[index].disks[shard].marksDurable = 0
        }
        nodes[index].disks[shard].synced(upTo: count)
        // Before anything is done that it covers.
        nodes[index].witnessed[shard] = max(nodes[index].witnessed[shard], count)
        fold(index, shard)
        tellDurable(index, shard, count)
        synchronise(index, shard)
    }

    private func tellDurable(_ index: Int, _ shard: Int, _ count: Int) {
        for at in nodes[index].lanes.indices {
            tell(nodes[index].lanes[at].desks[shard], index, .durable(upTo: UInt64(count)))
            guard nodes[index].lanes[at].state == .written, nodes[index].lanes[at].numbers[shard] <= count
            else {
                continue
            }
            nodes[index].lanes[at].missing.remove(shard)
            guard nodes[index].lanes[at].missing.isEmpty else { continue }
            turn(index, at, to: .opening)
            sayOpen(index, at)
        }
        if nodes[index].isUp { tell(nodes[index].estate[shard], index, .durable(upTo: UInt64(count))) }
    }

    // MARK: Copies

    /// Nothing of its money is known here any more: its sessions are closed by claims and the horizon.
    func loseJournals(_ index: Int) {
        nodes[index].disks = [Disk](repeating: Disk(), count: WorldShape.shards)
        nodes[index].copied = [Int](repeating: 0, count: WorldShape.shards)
        nodes[index].witnessed = nodes[index].copied
        nodes[index].replay = LedgerReplay()
        nodes[index].evidence.removeAll()
        nodes[index].claims.removeAll()
        nodes[index].claimsHeard.removeAll()
        nodes[index].lostUpTo = nodes[index].sessions
        nodes[index].reach = NoticeReach()
        nodes[index].reachKept = NoticeReach()
        forgetUnsettled(of: index)
    }

    /// The process ends, and somebody puts an older copy of its journals back. False where there is none that lacks anything.
    func restoreJournals(_ index: Int) -> Bool {
        let copied = nodes[index].copied
        guard zip(nodes[index].disks, copied).contains(where: { $0.durable > $1 }) else { return false }
        crashNode(index)
        for (shard, count) in copied.enumerated() { nodes[index].disks[shard].restore(to: count) }
        return true
    }

    /// A start does not go on from an older copy: what it lacks may have been drawn, billed and answered. Whoever put it there
    /// takes it away, and the machine is one without journals.
    func foundRestored(_ index: Int) {
        note("node \(index) finds an older copy of its journals")
        guard has(.restoredJournalTrusted) else { return loseJournals(index) }
        nodes[index].replay = LedgerReplay()
        nodes[index].evidence.removeAll()
        nodes[index].claims.removeAll()
        isReadAnew = true
        fold(index)
        isReadAnew = false
        nodes[index].witnessed = nodes[index].disks.map(\.count)
        for at in nodes[index].evidence.indices {
            nodes[index].evidence[at].endedAt = nodes[index].disks.map(\.count)
        }
    }

    func sayOpen(_ index: Int, _ at: Int) {
        let lane = nodes[index].lanes[at]
        send(.nodeOpen(lane.session), from: firstNode + index, to: firstBroker + lane.broker)
    }

    func fold(_ index: Int) {
        for shard in nodes[index].disks.indices { fold(index, shard) }
    }

    /// Takes what is durable into what is known.
    private func fold(_ index: Int, _ shard: Int) {
        while let entry = nodes[index].disks[shard].nextToFold() {
            let writer = ShardSession(session: entry.writer, shard: UInt32(shard))
            switch entry.what {
            case .session, .estate:
                for (row, name) in Node.names.enumerated() {
                    nodes[index].replay.opened(AccountIndex(UInt32(row)), name, by: writer)
                }
                if case .session = entry.what, nodes[index].known(entry.writer) == nil {
                    nodes[index].evidence.append(Evidence(session: entry.writer))
                    if let lane = nodes[index].lane(entry.writer), nodes[index].lanes[lane].state == .ended {
                        endEvidence(index, entry.writer)
                    }
                }
            case .claim(let claim): claimedDurably(index, claim)
            case .record(let record):
                noteMark(record, writer)
                nodes[index].replay.take(record, by: writer, at: entry.time)
                if case .settled(let settlement) = record {
                    if let known = nodes[index].known(settlement.key.session) {
                        nodes[index].evidence[known].blocks.take(settlement)
                        nodes[index].evidence[known].change()
                    }
                    // Of a copy the world has heard once.
                    if !isReadAnew { settledDurably(settlement) }
                } else if case .released(let release) = record {
                    releasedDurably(release)
                }
            }
        }
    }

    /// Appends what a desk orders to be written; false where the disk has no room for it.
    func write(_ desk: Desk, _ index: Int, _ record: LedgerRecord) -> UInt64? {
        if nodes[index].isFull {
            // Room for bills is set aside before.
            switch record {
            case .settled, .released, .closed, .presumed: break
            case .mark, .reserved: return nil
            }
        }
        return nodes[index].disks[desk.shard].append(
            DiskEntry(
                writer: desk.session, what: .record(record), time: nodes[index].clock.now(now)))
    }
}

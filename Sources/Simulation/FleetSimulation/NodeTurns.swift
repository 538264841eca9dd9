// What a simulated node does as time passes: it looks at its clocks and leases, says again what was not heard, and goes from one
// window to the next.
import Ledger
import Units

extension World {
    // MARK: Turns

    /// Before anything is done behind a wait.
    func readClocks(_ index: Int) {
        let wall = nodes[index].clock.wall(now)
        let ahead = wall.nanoseconds - nodes[index].clock.now(now).nanoseconds
        guard abs(ahead - nodes[index].wallAhead) > 10_000_000 else { return }
        nodes[index].wallAhead = ahead
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            tellHolder(
                index, at,
                .clocksRead(
                    wall: wall,
                    tolerance: Interval(
                        nanoseconds: SessionLease.margin(of: WorldShape.window).nanoseconds / 2)))
        }
    }

    /// Somebody copies its journals once in ten seconds.
    private static let ticksOfACopy = 64

    func tickNode(_ index: Int) {
        guard nodes[index].isUp else { return }
        schedule(.tick, firstNode + index, after: Int64(random.next(in: 120...170)) * 1_000_000)
        nodes[index].ticks += 1
        if nodes[index].ticks % Self.ticksOfACopy == 0 {
            nodes[index].copied = nodes[index].disks.map(\.durable)
        }
        readClocks(index)
        if nodes[index].ticks % Self.ticksOfAProbe == 0 {
            reached(index)
            noteKept(index)
        }
        if stopNode(index) { return }
        let ticks = nodes[index].ticks
        let now = nodes[index].clock.now(self.now)
        turnWindow(index)
        for at in nodes[index].lanes.indices {
            switch nodes[index].lanes[at].state {
            case .live:
                let lease = nodes[index].lanes[at].holder.lease
                if lease.isOver(at: now), rules.keep(.fenceIsChecked) {
                    coverage.note(lease.isBroken ? .nodeBroken : .nodeFenced)
                    endLane(index, at)
                } else {
                    tellHolder(index, at, .turned)
                }
            case .opening:
                if ticks % 8 == 0 { sayOpen(index, at) }
                if self.now - nodes[index].lanes[at].begunAt > 10_000_000_000 { endLane(index, at) }
            case .written, .ended: break
            }
            // What is over waits for expiries alone.
            if nodes[index].lanes[at].state == .ended, ticks % 4 != 0 { continue }
            for desk in nodes[index].lanes[at].desks {
                tell(desk, index, .turned)
                if ticks % 3 == 0 { tell(desk, index, .reportDue) }
            }
        }
        for desk in nodes[index].estate { tell(desk, index, .turned) }
        synchronise(index)
        if ticks % 10 == 0 {
            sayAgain(index)
            sendEvidence(index)
            // A second session before the first one ends, where its broker does not answer.
            let isSafe = nodes[index].lanes.contains {
                $0.state == .live && $0.holder.fence > now + .seconds(12)
            }
            if !isSafe, nodes[index].leavesAt == 0 { openLane(index) }
        }
    }

    /// A process that an operator ends closes its marks, and ends when its journals have that. True where it has ended.
    private func stopNode(_ index: Int) -> Bool {
        let leavesAt = nodes[index].leavesAt
        guard leavesAt > 0, now >= leavesAt, nodes[index].disks.allSatisfy({ $0.durable == $0.count }) else {
            return false
        }
        crashNode(index)
        schedule(.start, firstNode + index, after: restartDelay())
        return true
    }

    /// What was returned and is not known to have come is said again, and what was asked for and not answered.
    private func sayAgain(_ index: Int) {
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            let lane = nodes[index].lanes[at]
            for account in Node.spent {
                let asked = lane.asked[account.row]
                if asked > .zero {
                    send(
                        .nodeRequest(lane.session, account, asked), from: firstNode + index,
                        to: firstBroker + lane.broker)
                }
                let sum = lane.holder.returned(account)
                if sum > lane.returned[account.row] {
                    send(
                        .nodeReturn(lane.session, account, sum), from: firstNode + index,
                        to: firstBroker + lane.broker)
                }
            }
        }
    }

    func openWindow(at time: Int64) -> Int {
        2 + min(Int(time / (end / Int64(windowCount))), windowCount - 1)
    }

    private func turnWindow(_ index: Int) {
        let window = openWindow(at: now)
        guard window != nodes[index].window else { return }
        let former = AccountIndex(UInt32(nodes[index].window))
        nodes[index].window = window
        for at in nodes[index].lanes.indices where nodes[index].lanes[at].state == .live {
            tellHolder(index, at, .closed(former))
            openAccount(index, at, AccountIndex(UInt32(window)))
        }
    }

    func openAccount(_ index: Int, _ lane: Int, _ account: AccountIndex) {
        if let known = nodes[index].known(nodes[index].lanes[lane].session) {
            nodes[index].evidence[known].opened |= 1 << UInt64(account.row)
        }
        tellHolder(
            index, lane, .opened(account, Node.names[account.row], highest: Micros(shape.highest)))
    }
}

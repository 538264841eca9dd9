// Which way sessions, accounts, leases and regions of a simulated fleet may go, one name for each transition: one that has none is a
// violation, and one that never occurs fails a run.
import Fleet
import Ledger
import Units

/// Of a broker's session with the root, as the diagram in docs/money.md has it.
enum SessionMove: Int, CaseIterable {
    case opened, openToFenced, openToOver, fencedToClosed, fencedToOver, fencedToPresumed, closedToOver
    case closedToPresumed, presumedToOver

    init?(from former: SessionState, to next: SessionState) {
        switch (former, next) {
        case (.open, .fenced): self = .openToFenced
        case (.open, .over): self = .openToOver
        case (.fenced, .closed): self = .fencedToClosed
        case (.fenced, .over): self = .fencedToOver
        case (.fenced, .presumed): self = .fencedToPresumed
        case (.closed, .over): self = .closedToOver
        case (.closed, .presumed): self = .closedToPresumed
        case (.presumed, .over): self = .presumedToOver
        default: return nil
        }
    }
}

/// Of a node's session with a broker.
enum LaneMove: Int, CaseIterable {
    case begun, writtenToOpening, openingToLive, openingToEnded, liveToEnded, crashed

    init?(from former: Lane.State, to next: Lane.State) {
        switch (former, next) {
        case (.written, .opening): self = .writtenToOpening
        case (.opening, .live): self = .openingToLive
        case (.opening, .ended): self = .openingToEnded
        case (.live, .ended): self = .liveToEnded
        default: return nil
        }
    }
}

enum AccountMove: Int, CaseIterable {
    case openToPaused, pausedToOpen, openToEnded, pausedToEnded, openToAudited, auditedToOpen
}

/// A lease as its holder counts it.
enum LeaseMove: Int, CaseIterable {
    case nodeLeased, nodeFenced, nodeBroken, brokerLeased, brokerFenced, brokerBroken
}

enum RegionMove: Int, CaseIterable {
    case healthyToSuspect, healthyToDraining, suspectToHealthy, suspectToDraining, drainingToLost
    case drainingToRejoining, lostToRejoining, rejoiningToHealthy, rejoiningToDraining

    init?(from former: RegionState, to next: RegionState) {
        switch (former, next) {
        case (.healthy, .suspect): self = .healthyToSuspect
        case (.healthy, .draining): self = .healthyToDraining
        case (.suspect, .healthy): self = .suspectToHealthy
        case (.suspect, .draining): self = .suspectToDraining
        case (.draining, .lost): self = .drainingToLost
        case (.draining, .rejoining): self = .drainingToRejoining
        case (.lost, .rejoining): self = .lostToRejoining
        case (.rejoining, .healthy): self = .rejoiningToHealthy
        case (.rejoining, .draining): self = .rejoiningToDraining
        default: return nil
        }
    }
}

extension World {
    /// A node's session with a broker goes on to its next state.
    func turn(_ index: Int, _ lane: Int, to next: Lane.State) {
        let former = nodes[index].lanes[lane].state
        nodes[index].lanes[lane].state = next
        guard let move = LaneMove(from: former, to: next) else {
            // It never came to its disk, or nobody had heard of it.
            if former == .written, next == .ended { return coverage.note(.openingToEnded) }
            return violate("13: a session of node \(index) goes from \(former) to \(next)")
        }
        coverage.note(move)
    }

    /// An operator's word to an account, or the end of its flight.
    func turn(_ former: GrantBook.Account, to next: GrantBook.Account) {
        switch (former.isPaused, former.hasEnded, next.isPaused, next.hasEnded) {
        case (false, false, true, false): coverage.note(.openToPaused)
        case (true, false, false, false): coverage.note(.pausedToOpen)
        case (false, false, false, true): coverage.note(.openToEnded)
        case (true, false, true, true): coverage.note(.pausedToEnded)
        default: break
        }
        switch (former.missing != 0, next.missing != 0) {
        case (false, true): coverage.note(.openToAudited)
        case (true, false): coverage.note(.auditedToOpen)
        default: break
        }
    }
}

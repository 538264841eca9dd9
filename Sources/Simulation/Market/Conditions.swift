// What of a market's events holds at a second.

struct Conditions {
    let events: [MarketEvent]

    private func any(_ test: (MarketEvent) -> Bool) -> Bool { events.contains(where: test) }

    func isLost(_ region: Int, _ second: Double) -> Bool {
        any { if case .lost(region, let from, let to) = $0 { second >= from && second < to } else { false } }
    }

    func canSpeak(_ region: Int, _ second: Double) -> Bool {
        !isLost(region, second)
            && !any {
                switch $0 {
                case .partition(region, let from, let to): second >= from && second < to
                case .coordinatorAway(let from, let to): second >= from && second < to
                default: false
                }
            }
    }

    func canHear(_ region: Int, _ second: Double) -> Bool {
        canSpeak(region, second)
            && !any {
                if case .deaf(region, let from, let to) = $0 { second >= from && second < to } else { false }
            }
    }

    /// How much longer than usual a message of the coordinator takes, at most.
    func staleness(_ second: Double) -> Double {
        events.reduce(0) { most, event in
            if case .stale(let seconds, let from, let to) = event, second >= from, second < to {
                return max(most, seconds)
            }
            return most
        }
    }

    func cuts(at second: Double) -> Double? {
        for event in events { if case .cut(let share, second) = event { return share } }
        return nil
    }
}

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
                case .promotion(let at, let seconds): second >= at && second < at + seconds
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

    /// Another one begins to lead.
    func promotes(at second: Double) -> Bool {
        any { if case .promotion(let at, let seconds) = $0 { second == at + seconds } else { false } }
    }

    func skew(_ region: Int) -> Double {
        events.reduce(0) { sum, event in
            if case .skew(region, let seconds) = event { sum + seconds } else { sum }
        }
    }

    /// When the last thing that befell the market was over; nil where nothing did, or all day.
    func over(by end: Double) -> Double? {
        let ends = events.compactMap { event -> Double? in
            switch event {
            case .surge(_, _, let to, _), .live(_, _, let to, _), .lost(_, _, let to),
                .partition(_, _, let to), .deaf(_, _, let to), .coordinatorAway(_, let to),
                .stale(_, _, let to):
                to < end ? to : nil
            case .promotion(let at, let seconds): at + seconds
            case .cut(_, let at): at
            case .skew: nil
            }
        }
        return ends.max()
    }

    func cuts(at second: Double) -> Double? {
        for event in events { if case .cut(let share, second) = event { return share } }
        return nil
    }
}

// How many questions operators may have open, and ask within a minute: each has every node read its journal. Nobody can take the place of all
// others, and forecasts leave room for who asks why a decision came out as it did.
import Serving
import Units

struct QuestionQuota {
    private struct Asked {
        let number: UInt64
        let who: RateSubject
        let isForecast: Bool
        let at: Instant
        var isOpen = true
    }

    private var asked: [Asked] = []

    static let perMinuteMost = 30
    private static let minute = Interval.seconds(60)

    /// Whether one more is open from now on.
    mutating func takes(_ number: UInt64, _ kind: String, of who: RateSubject, at now: Instant) -> Bool {
        asked.removeAll { now - $0.at >= Self.minute && !$0.isOpen }
        let isForecast = kind == "forecast"
        guard
            isWithin(asked, open: QuestionWord.most, Self.perMinuteMost),
            isWithin(asked.filter { $0.who == who }, open: QuestionWord.most / 2, Self.perMinuteMost * 2 / 3),
            !isForecast
                || isWithin(
                    asked.filter(\.isForecast), open: QuestionWord.most - 1, Self.perMinuteMost * 2 / 3)
        else { return false }
        asked.append(Asked(number: number, who: who, isForecast: isForecast, at: now))
        return true
    }

    mutating func ended(_ number: UInt64) {
        if let index = asked.firstIndex(where: { $0.number == number }) { asked[index].isOpen = false }
    }

    private func isWithin(_ some: [Asked], open: Int, _ perMinute: Int) -> Bool {
        some.count(where: \.isOpen) < open && some.count < perMinute
    }
}

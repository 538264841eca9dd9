// From the settings that people write to those that a decision takes.
public import Decision
public import Settings
import Auction
import OpenRTB

extension DecisionSettings {
    public init(_ settings: NodeSettings) {
        self.init()
        let section = settings.decision
        network = settings.overload.network
        seat = section.seat
        vendor = section.vendor
        currencies = CurrencyTable(base: section.baseCurrency)
        for rate in section.rates {
            // There are at most as many as the table takes, each of a currency of its own: the section is refused else.
            let isSet = currencies.set(rate.currency, worth: rate.worth)
            precondition(isSet, "a rate of \(rate.currency) that the settings let through")
        }
        priors = GoalPriors(
            click: section.priors.click, completedView: section.priors.completedView,
            action: section.priors.action)
        podSteps = section.podSteps
        (firstPremium, lastPremium) = (section.firstPlace, section.lastPlace)
        seenCreative = .penalise(section.seenCreative)
        seenAdvertiser = .penalise(section.seenAdvertiser)
        shadesBids = section.bidShading
    }
}

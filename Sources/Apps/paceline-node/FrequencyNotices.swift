// What notices say of ads, as counters take it: an impression counts when the player reports it, and a promise ends when
// it is known that the ad will not be shown.
import Features
import Kernel
import Notices
import Units

extension ShardFrequency {
    /// A notice that came for the first time, of an ad that any node of the pool decided.
    func note(_ event: NoticeEvent, of notice: Notice, at now: Instant) {
        switch event {
        case .imp: noteShown(FrequencyEvent(.shown, notice, owner(of: notice), at: now))
        // The auction was lost, or the player could not show it.
        case .loss, .error: noteReleased(FrequencyEvent(.released, notice, owner(of: notice), at: now))
        // Who bills does not say that anybody saw it: each ad's markup reports that itself.
        case .win, .bill, .start, .q1, .mid, .q3, .complete, .click: break
        }
    }

    /// A token has no room for the advertiser: the catalog knows whose the creative is, unless it is gone from it.
    private func owner(of notice: Notice) -> EntityNumber {
        let creative = EntityNumber(.creative, checksum: notice.creative.rawValue)
        return numbers?.advertiser(of: creative) ?? EntityNumber(rawValue: 0)
    }
}

extension FrequencyEvent {
    fileprivate init(_ kind: Kind, _ notice: Notice, _ advertiser: EntityNumber, at now: Instant) {
        self.init(
            kind, user: notice.viewer, household: notice.household,
            lineItem: EntityNumber(.lineItem, checksum: notice.lineItem.rawValue),
            creative: EntityNumber(.creative, checksum: notice.creative.rawValue), advertiser: advertiser,
            at: CountedSecond(now), until: CountedSecond(now), mayJournal: notice.mayJournal)
    }
}

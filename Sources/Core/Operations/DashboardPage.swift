// A dashboard as Grafana reads it: two panels a row, a choice of the data source and of the region.
public import Documents

extension Dashboard {
    /// Half of Grafana's 24 columns, and a height at which a dozen lines can still be told apart.
    private static let (width, height) = (12, 8)

    public var page: JSONTree {
        [
            "uid": .string(name.uid), "title": .string(title), "tags": ["paceline"], "schemaVersion": 38,
            "editable": false, "refresh": "30s", "time": ["from": "now-3h", "to": "now"],
            "templating": ["list": [Self.source, Self.regions]],
            "panels": .array(panels.enumerated().map { Self.tree($1, at: $0) }),
        ]
    }

    private static let source: JSONTree = [
        "name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus",
    ]

    private static let regions: JSONTree = [
        "name": "region", "type": "query", "label": "Region", "multi": true, "includeAll": true,
        "allValue": ".*",
        "current": ["text": "All", "value": "$__all"],
        "datasource": ["type": "prometheus", "uid": "${source}"],
        "query": "label_values(up{job=\"paceline-node\"}, region)", "refresh": 2,
    ]

    private static func tree(_ panel: Panel, at place: Int) -> JSONTree {
        [
            "id": .number(place + 1), "type": "timeseries", "title": .string(panel.title),
            "datasource": ["type": "prometheus", "uid": "${source}"],
            "gridPos": [
                "x": .number(place % 2 * width), "y": .number(place / 2 * height), "w": .number(width),
                "h": .number(height),
            ],
            "fieldConfig": ["defaults": ["unit": .string(panel.unit.rawValue)], "overrides": []],
            "targets": .array(
                panel.queries.enumerated().map { index, query in
                    [
                        "refId": .string(String(UnicodeScalar(UInt8(ascii: "A") + UInt8(index)))),
                        "expr": .string(query.text), "legendFormat": .string(query.legend),
                    ]
                }),
        ]
    }

    /// Its queries as Prometheus takes them, without Grafana's variables.
    public var queries: [String] {
        panels.flatMap { panel in
            panel.queries.map {
                $0.text.replacing("$__rate_interval", with: "1m").replacing("$region", with: ".*")
            }
        }
    }
}

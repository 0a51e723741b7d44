"""Plain icons in lines, drawn for these pictures: each the inside of a 24 by 24 SVG, stroked in the box's colour."""

from __future__ import annotations

ICONS: dict[str, str] = {
    "users": '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c0-4 3-6.5 6.5-6.5s6.5 2.5 6.5 6.5"/>'
    '<path d="M15.5 4.8a3.5 3.5 0 0 1 0 6.4M18 14.2c2.2.9 3.5 3 3.5 5.8"/>',
    "sign": '<path d="M12 3v18M8 21h8M5 5h11l3 2.5-3 2.5H5zM19 12H9l-2.5 2L9 16h10z"/>',
    "globe": '<circle cx="12" cy="12" r="9"/><path d="M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18"/>',
    "api": '<path d="M8 4c-3 0-3 2-3 4s0 4-2.5 4C5 12 5 14 5 16s0 4 3 4M16 4c3 0 3 2 3 4s0 4 2.5 4'
    'c-2.5 0-2.5 2-2.5 4s0 4-3 4M9.5 12h5"/>',
    "link": '<path d="M9 15l6-6M10.5 7l2-2a4.5 4.5 0 0 1 6.4 6.4l-2 2M13.5 17l-2 2a4.5 4.5 0 0 1-6.4-6.4l2-2"/>',
    "shield": '<path d="M12 3l8 3v6c0 5-3.5 8-8 9.5C7.5 20 4 17 4 12V6zM8.5 12l2.5 2.5 4.5-5"/>',
    "key": '<circle cx="8" cy="15" r="4.5"/><path d="M11.3 11.7L20 3M16.5 6.5L19 9M14 9l2 2"/>',
    "lock": '<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3M12 14.5v2.5"/>',
    "bucket": '<ellipse cx="12" cy="6" rx="8" ry="2.8"/><path d="M4 6l2.2 13c.3 1.3 2.8 2 5.8 2s5.5-.7 5.8-2L20 6"/>',
    "table": '<rect x="3.5" y="4" width="17" height="16" rx="2"/><path d="M3.5 9.5h17M3.5 14.7h17M9 9.5V20"/>',
    "cylinder": '<ellipse cx="12" cy="5.5" rx="7.5" ry="2.8"/>'
    '<path d="M4.5 5.5v13c0 1.5 3.3 2.8 7.5 2.8s7.5-1.3 7.5-2.8v-13M4.5 12c0 1.5 3.3 2.8 7.5 2.8s7.5-1.3 7.5-2.8"/>',
    "tasks": '<rect x="8" y="8" width="13" height="12" rx="2"/><path d="M16 8V6a2 2 0 0 0-2-2H5a2 2'
    ' 0 0 0-2 2v8a2 2 0 0 0 2 2h3"/>',
    "function": '<path d="M5 4h3l8 16h3M11.5 11L6 20"/>',
    "balance": '<circle cx="5" cy="12" r="2.5"/><path d="M7.5 12H12M12 5v14M12 5h5M12 12h5M12'
    ' 19h5M15 3l2.5 2L15 7M15 10l2.5 2-2.5 2M15 17l2.5 2-2.5 2"/>',
    "nat": '<path d="M13 5H5v14h8M9 12h12M17 8l4 4-4 4"/>',
    "gate": '<path d="M4 21V9a8 8 0 0 1 16 0v12M2.5 21h19M9 21v-9a3 3 0 0 1 6 0v9"/>',
    "network": '<rect x="3" y="3" width="18" height="18" rx="3"/><path d="M3 9h18M9 9v12M15 9v12"/>',
    "image": '<path d="M12 3l9 4.5-9 4.5-9-4.5zM3 12l9 4.5 9-4.5M3 16.5L12 21l9-4.5"/>',
    "settings": '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2.2"/><circle'
    ' cx="9" cy="17" r="2.2"/>',
    "certificate": '<rect x="3" y="4" width="18" height="12" rx="2"/><path d="M7 8h7M7 11.5h4M14'
    ' 14v7l2.5-1.8L19 21v-7"/>'
    '<circle cx="16.5" cy="12" r="2.5"/>',
    "bell": '<path d="M6 16V11a6 6 0 0 1 12 0v5l2 2H4zM10 21h4"/>',
    "mail": '<rect x="3" y="5" width="18" height="14" rx="2"/><path d="M3.5 7l8.5 6.5L20.5 7"/>',
    "chart": '<path d="M4 4v16h16M7.5 15l3.5-4.5 3 2.5 5-7"/>',
    "log": '<rect x="4" y="3" width="16" height="18" rx="2"/><path d="M8 8h8M8 12h8M8 16h5"/>',
    "backup": '<path d="M4 12a8 8 0 1 0 2.5-5.8M6 3v4h4M12 8v4.5l3 2"/>',
    "pipeline": '<path d="M3 6l5 6-5 6M9.5 6l5 6-5 6M16 6l5 6-5 6"/>',
}

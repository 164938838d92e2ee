"""The pages of a small blog."""

from django.urls import include, path

from . import views

post_patterns = [
    path("edit", views.edit),
    path("delete", views.delete),
    path("comments", views.comment),
]
urlpatterns = [
    path("", views.index),
    path("users", views.register),
    path("users/<int:pk>", views.profile),
    path("posts", views.create),
    path("posts/<int:pk>", views.detail),
    path("posts/<int:pk>/", include(post_patterns)),
    path("comments/remove", views.take_back),
]
